"""The other ways to join modalities; the full form has its own file, test_precision.py."""

import numpy as np
import pytest
import torch

from benchmarks.fusion import published_fusion
from methods.ua3dtalk.field.fusion.join import diagonal_fusion, join


def modalities(V, T, channels, N=9):
    generator = torch.Generator().manual_seed(V * T)
    return [torch.randn(T, channels, N, generator=generator, dtype=torch.float64) for _ in range(V)]


def test_mean_and_concat():
    three = modalities(3, 4, 5)
    stacked = np.stack([modality.numpy() for modality in three])
    np.testing.assert_allclose(join(three, "mean").numpy(), stacked.mean((0, 1)))
    np.testing.assert_allclose(
        join(three, "concat").numpy(), stacked.mean(1).reshape(15, -1), rtol=1e-12
    )


def test_diagonal_is_full_where_covariances_are_diagonal():
    # With one channel every covariance is diagonal.
    three = modalities(3, 4, 2)
    torch.testing.assert_close(diagonal_fusion(three), published_fusion(three))
    torch.testing.assert_close(join(three, "full"), published_fusion(three))


def test_diagonal_works_channel_by_channel():
    three = modalities(3, 4, 10)
    for d in range(5):
        alone = published_fusion([modality[:, [d, 5 + d]] for modality in three])
        torch.testing.assert_close(diagonal_fusion(three)[d], alone[0])


@pytest.mark.parametrize("fusion", ["full", "diag"])
def test_one_member_is_weighed_by_its_aleatoric_variance(fusion):
    three = modalities(3, 1, 8)
    weights = np.stack([1 / (np.exp(modality[0, 4:].numpy()) + 1e-6) for modality in three])
    means = np.stack([modality[0, :4].numpy() for modality in three])
    truth = (weights * means).sum(0) / weights.sum(0)
    np.testing.assert_allclose(join(three, fusion).numpy(), truth, rtol=1e-12)


def test_diagonal_gradient():
    inputs = tuple(modality.requires_grad_() for modality in modalities(2, 3, 4, N=2))
    assert torch.autograd.gradcheck(lambda *v: diagonal_fusion(v), inputs)
