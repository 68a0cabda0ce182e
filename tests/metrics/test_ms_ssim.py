import numpy as np
import pytest
import torch
from helpers import make_clip, noise_frames, run
from torchmetrics.functional.image import multiscale_structural_similarity_index_measure

from harness.contracts import FrameBatch
from harness.testing import check_metric
from metrics import catalog
from metrics.ssim import similarity


def pair(height, width, count=2):
    x = np.arange(width)
    truth = 120 + 60 * np.sin(x / 9.0)[:, None] + 5.0 * noise_frames(0, count, height, width)
    truth = np.clip(truth / 6, 0, 255)
    prediction = np.clip(truth * 0.9 + noise_frames(1, count, height, width) / 3, 0, 255)
    return prediction.astype(np.uint8), truth.astype(np.uint8)


def score(prediction, truth):
    clip = make_clip(len(truth), *truth.shape[1:3])
    return run(catalog.build("ms_ssim"), clip, prediction, truth)


@pytest.mark.parametrize("size", [(176, 176), (181, 200), (190, 179)])
def test_agrees_with_torchmetrics(size):
    prediction, truth = pair(*size)
    x, y = (torch.from_numpy(v).permute(0, 3, 1, 2).double() / 255 for v in (prediction, truth))
    expected = multiscale_structural_similarity_index_measure(
        x, y, data_range=1.0, reduction="none"
    )
    found = score(prediction, truth)
    np.testing.assert_allclose(found.items["ms_ssim/torchmetrics"], expected, atol=2e-6)
    assert 0.2 < found.values["ms_ssim/torchmetrics"] < 0.99
    assert found.values["ms_ssim/pytorch-msssim"] != found.values["ms_ssim/torchmetrics"]


def test_self_is_one():
    truth = noise_frames(0, 1, 180, 177)
    assert score(truth, truth).values == pytest.approx(dict.fromkeys(score(truth, truth).values, 1))


@pytest.mark.parametrize(("side", "scored"), [(160, 0), (161, 1), (175, 1), (176, 2)])
def test_small_frames_are_a_failure_of_the_column_that_refuses_them(side, scored):
    truth = noise_frames(0, 1, side, 190)
    result = score(truth, truth)
    assert sum(value is not None for value in result.values.values()) == scored
    assert [f.type for f in result.failures] == ["too_small"] * (2 - scored)
    assert all(f"190x{side}" in f.message for f in result.failures)
    if scored < 2:
        assert result.values["ms_ssim/torchmetrics"] is None
    assert result.n == (1 if scored else 0)


def test_a_negative_scale_counts_as_zero():
    truth = noise_frames(0, 1, 176, 176)
    assert set(score(255 - truth, truth).values.values()) == {0.0}


def test_the_finest_scale_is_that_of_ssim(monkeypatch):
    prediction, truth = pair(176, 176)
    batch = FrameBatch(0, prediction, truth)
    found = similarity(batch)
    monkeypatch.setattr("metrics.backbones.ssim.similarity", None)  # never asked again
    metric = catalog.build("ms_ssim")
    metric.begin(make_clip(2, 176, 176))
    metric.update(batch)
    assert metric.compute().n == len(found.contrast)


def test_conforms():
    prediction, truth = pair(176, 178, 4)
    check_metric(catalog.build("ms_ssim"), make_clip(4, 176, 178), prediction, truth)
