import numpy as np
import pytest
import torch
from helpers import make_clip, noise_frames, run
from hypothesis import given, settings
from hypothesis import strategies as st
from torchmetrics.functional.image import peak_signal_noise_ratio

from harness.contracts import BadInput, FrameBatch
from metrics import catalog
from metrics.psnr import CAP_DB, frame_mse, psnr_of_mse


def score(prediction, truth, head=None):
    return run(catalog.build("psnr"), make_clip(len(truth), head=head), prediction, truth)


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


def test_head_is_normalised_by_the_mask_area():
    truth = np.full((2, 32, 32, 3), 100, np.uint8)
    prediction = truth.copy()
    head = np.zeros((2, 32, 32), bool)
    head[:, 8:16, 8:16] = True
    prediction[head] += 10
    values = score(prediction, truth, head).values
    assert values["psnr/head"] == pytest.approx(-20 * np.log10(10 / 255), abs=1e-9)
    assert values["psnr"] == pytest.approx(values["psnr/head"] + 10 * np.log10(16), abs=1e-9)


def test_full_mask_equals_the_whole_frame():
    truth, prediction = noise_frames(0, 3), noise_frames(1, 3)
    values = score(prediction, truth, np.ones((3, 32, 32), bool)).values
    assert values["psnr/head"] == pytest.approx(values["psnr"], abs=1e-12)


def test_empty_mask_is_a_failure_of_that_frame_only():
    truth, prediction = noise_frames(0, 3), noise_frames(1, 3)
    head = np.ones((3, 32, 32), bool)
    head[1] = False
    result = score(prediction, truth, head)
    assert [(f.type, f.item) for f in result.failures] == [("empty_mask", 1)]
    assert np.isnan(result.items["psnr/head"][1])
    assert result.values["psnr/head"] == pytest.approx(result.items["psnr"][[0, 2]].mean())


def test_without_masks_the_head_is_not_scored():
    result = score(noise_frames(0, 2), noise_frames(1, 2))
    assert result.values["psnr/head"] is None
    assert [f.type for f in result.failures] == ["no_masks"]


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


def test_the_largest_error_does_not_overflow():
    black, white = np.zeros((1, 64, 64, 3), np.uint8), np.full((1, 64, 64, 3), 255, np.uint8)
    assert frame_mse(black, white)[0] == 255**2
    assert psnr_of_mse(frame_mse(white, black))[0] == 0


def test_refuses_frames_that_are_not_bytes_and_masks_of_another_size():
    with pytest.raises(TypeError, match="uint8"):
        FrameBatch(0, np.zeros((1, 8, 8, 3), np.float32), np.zeros((1, 8, 8, 3), np.uint8))
    with pytest.raises(BadInput, match=r"\[2, 32, 32\]"):
        score(noise_frames(0, 2), noise_frames(1, 2), np.ones((3, 32, 32), bool))
