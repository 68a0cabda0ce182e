import numpy as np
import pytest
import torch

from methods.ua3dtalk.field.fusion.precision import JITTER
from methods.ua3dtalk.field.fusion.variance import fused_variance


def modality(members=3, size=4, count=5, seed=0, log_variance=-1.0):
    generator = torch.Generator().manual_seed(seed)
    means = torch.randn(members, size, count, generator=generator)
    spread = 0.3 * torch.randn(members, size, count, generator=generator)
    return torch.cat([means, log_variance + spread], 1)


def covariance(values, n):
    means, log_variances = (
        values[:, :, n].double().numpy().reshape(len(values), 2, -1).swapaxes(0, 1)
    )
    return np.cov(means.T) + np.diag(np.exp(log_variances).mean(0) + JITTER)


def test_equals_the_definition_gaussian_by_gaussian():
    given = [modality(seed=k) for k in range(3)]
    found = fused_variance(given, "full")
    for n in range(5):
        precision = sum(np.linalg.inv(covariance(values, n)) for values in given)
        assert float(found[n]) == pytest.approx(np.trace(np.linalg.inv(precision)) / 4, rel=1e-9)


def test_one_modality_keeps_its_own_variance():
    given = modality()
    expected = [np.trace(covariance(given, n)) / 4 for n in range(5)]
    np.testing.assert_allclose(fused_variance([given], "full").numpy(), expected, rtol=1e-9)
    np.testing.assert_allclose(fused_variance([given], "diag").numpy(), expected, rtol=1e-9)


def test_another_modality_can_only_make_it_surer():
    first, second = modality(), modality(seed=1, log_variance=2.0)
    assert bool((fused_variance([first, second], "full") < fused_variance([first], "full")).all())


def test_a_single_member_has_its_predicted_variance_alone():
    given = modality(members=1)
    expected = given[0, 4:].double().exp().mean(0) + JITTER
    torch.testing.assert_close(fused_variance([given], "full"), expected)


def test_a_fusion_without_variance_says_so():
    with pytest.raises(ValueError, match="concat"):
        fused_variance([modality()], "concat")
