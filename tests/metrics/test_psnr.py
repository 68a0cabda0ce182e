import numpy as np
import pytest
import torch
from helpers import make_clip, noise_frames, run
from hypothesis import given, settings
from hypothesis import strategies as st
from torchmetrics.functional.image import peak_signal_noise_ratio

from harness.contracts import FrameBatch
from metrics import catalog
from metrics.psnr import CAP_DB, squared_error


def score(prediction, truth):
    return run(catalog.build("psnr"), make_clip(len(truth)), prediction, truth)


def test_pooled_and_mean_of_frames_agree_with_torchmetrics():
    truth, prediction = noise_frames(0, 6), noise_frames(1, 6)
    prediction[3] = truth[3] // 2 + 60  # one frame unlike the others, so the two differ
    values = score(prediction, truth).values
    x, y = torch.tensor(prediction).double(), torch.tensor(truth).double()
    each = [
        peak_signal_noise_ratio(a, b, data_range=255.0).item() for a, b in zip(x, y, strict=True)
    ]
    assert values["psnr"] == pytest.approx(np.mean(each), abs=1e-6)
    pooled = peak_signal_noise_ratio(x, y, data_range=255.0).item()
    assert values["psnr/pooled"] == pytest.approx(pooled, abs=1e-6)
    assert abs(values["psnr"] - values["psnr/pooled"]) > 0.1


@pytest.mark.parametrize("offset", [1, 7, 100])
def test_constant_offset_is_its_logarithm(offset):
    truth = np.full((3, 32, 32, 3), 50, np.uint8)
    values = score(truth + np.uint8(offset), truth).values
    assert values["psnr"] == pytest.approx(-20 * np.log10(offset / 255), abs=1e-9)


def test_identical_frames_are_capped_and_flagged():
    truth = noise_frames(0, 4)
    prediction = truth.copy()
    prediction[0] ^= 1
    result = score(prediction, truth)
    assert result.items["psnr"][1:].tolist() == [CAP_DB] * 3
    assert result.details["identical_frames"] == 3
    assert "3 of 4 frames" in result.warnings[0]


def test_no_signals_are_needed():
    assert catalog.spec("psnr").signals == ()
    assert set(score(noise_frames(0, 2), noise_frames(1, 2)).values) == {"psnr", "psnr/pooled"}


def test_pool_takes_the_errors_of_all_frames():
    metric = catalog.build("psnr")
    clips = [(noise_frames(s, n), noise_frames(s + 9, n) // 3) for s, n in ((0, 2), (1, 7))]
    results = [run(metric, make_clip(len(t)), p, t) for p, t in clips]
    joint = score(*(np.concatenate(side) for side in zip(*clips, strict=True)))
    assert metric.pool(results)["psnr/pooled"] == pytest.approx(joint.values["psnr/pooled"])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 4))
def test_symmetric_and_blind_to_batches(seed, batch):
    a, b = noise_frames(seed, 5, 8, 8), noise_frames(seed + 1, 5, 8, 8)
    clip, metric = make_clip(5, 8, 8), catalog.build("psnr")
    forward = run(metric, clip, a, b, batch).values
    assert forward == run(metric, clip, b, a, 5).values


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000))
def test_mean_of_frames_is_at_least_the_pooled_value(seed):
    rng = np.random.default_rng(seed)
    truth = noise_frames(seed, 4, 8, 8)
    change = rng.integers(1, 60, (4, 1, 1, 1)) * rng.integers(0, 2, truth.shape)
    values = score(np.clip(truth + change, 0, 255).astype(np.uint8), truth).values
    assert values["psnr"] >= values["psnr/pooled"] - 1e-9


def test_the_largest_error_does_not_overflow():
    black, white = np.zeros((1, 64, 64, 3), np.uint8), np.full((1, 64, 64, 3), 255, np.uint8)
    for a, b in ((black, white), (white, black)):
        assert squared_error(FrameBatch(0, a, b)).tolist() == [[[3 * 255**2] * 64] * 64]
        assert score(a, b).values == {"psnr": 0, "psnr/pooled": 0}


def test_refuses_frames_that_are_not_bytes():
    with pytest.raises(TypeError, match="uint8"):
        FrameBatch(0, np.zeros((1, 8, 8, 3), np.float32), np.zeros((1, 8, 8, 3), np.uint8))


def test_no_frames_are_a_failure():
    result = score(noise_frames(0, 0), noise_frames(0, 0))
    assert result.values == {"psnr": None, "psnr/pooled": None}
    assert [f.type for f in result.failures] == ["no_frames"]
