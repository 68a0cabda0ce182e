import golden
import numpy as np
import pytest
from helpers import make_clip, noise_frames, run

from harness.testing import check_metric
from metrics import catalog
from metrics.tof import crop_of, flow, grey

VALUES = golden.kept("flow")


def tof(prediction, truth, batch=4):
    clip = make_clip(len(truth), *truth.shape[1:3])
    return run(catalog.build("tof"), clip, prediction, truth, batch)


def sliding(speed, count=9, size=96):
    """A smooth random texture that moves to the right by whole pixels a frame."""
    wide = np.random.default_rng(0).normal(size=(size, size + 80, 3))
    for axis in (0, 1):
        for _ in range(6):
            wide = (np.roll(wide, 1, axis) + wide + np.roll(wide, -1, axis)) / 3
    wide = (127 + 100 * wide / np.abs(wide).max()).astype(np.uint8)
    return np.stack([wide[:, 40 - speed * t : 40 - speed * t + size] for t in range(count)])


@pytest.mark.parametrize("batch", [1, 2, 5, 9])
def test_equals_the_reference_environments_opencv_in_any_batches(batch):
    result = tof(*golden.moving_clip(), batch)
    pairs = [VALUES[f"tof_pair_{i}"] for i in range(4)]
    assert result.values["tof"] == pytest.approx(VALUES["tof"], rel=1e-5)
    np.testing.assert_allclose(result.items["tof"][3:7], pairs, rtol=1e-5)
    assert np.isnan(result.items["tof"][[0, 1, 2, 7, 8]]).all()
    assert result.n == 4
    assert result.details["crop"] == [8, 72, 8, 104]


def test_equals_its_definition_written_out():
    """Frame by frame as the paper's script goes through a folder, in float64."""
    import cv2

    prediction, truth = noise_frames(0, 10, 70, 64), noise_frames(1, 10, 70, 64)
    height, width, found, before = 70, 64, [], None
    kept = [(n // 32) * 32 for n in (height, width)]
    for i, n in enumerate((height, width)):
        while kept[i] > n - 16:
            kept[i] -= 32
    top, left = (height - kept[0]) // 2, (width - kept[1]) // 2
    for t in range(2, 8):
        now = [cv2.cvtColor(side[t], cv2.COLOR_RGB2GRAY) for side in (truth, prediction)]
        if before is not None:
            options = {"pyr_scale": 0.5, "levels": 3, "winsize": 15, "iterations": 3}
            options |= {"poly_n": 5, "poly_sigma": 1.2, "flags": 0}
            a, b = (
                cv2.calcOpticalFlowFarneback(old, new, None, **options).astype(float)
                for old, new in zip(before, now, strict=True)
            )
            u, v = np.moveaxis(a - b, -1, 0)
            found.append(np.hypot(u, v)[top : top + kept[0], left : left + kept[1]].mean())
        before = now
    result = tof(prediction, truth)
    assert result.n == len(found) == 5
    assert result.values["tof"] == pytest.approx(np.mean(found), rel=1e-6)


def test_equal_and_still_frames_have_none():
    moving = sliding(2)
    assert tof(moving, moving).values == {"tof": 0.0}
    still = np.repeat(moving[:1], 9, 0)
    other = np.repeat(noise_frames(3, 1, 96, 96), 9, 0)
    assert tof(other, still).values["tof"] == pytest.approx(0.0, abs=1e-4)


@pytest.mark.parametrize("speed", [1, 2, 3])
def test_a_whole_pixel_shift_beside_a_still_truth_is_its_length(speed):
    moving = sliding(speed)
    between = flow(grey(moving[3]), grey(moving[4]))[24:72, 24:72]
    np.testing.assert_allclose(between.mean((0, 1)), [speed, 0], atol=0.02 * speed)
    still = np.repeat(moving[:1], 9, 0)
    assert tof(moving, still).values["tof"] == pytest.approx(speed, rel=0.05)
    assert tof(still, moving).values["tof"] == pytest.approx(speed, rel=0.05)


def test_the_ends_of_the_clip_and_of_the_picture_are_not_looked_at():
    prediction, truth = golden.moving_clip()
    spoilt = prediction.copy()
    spoilt[:2], spoilt[-2:] = 0, 255
    assert tof(spoilt, truth).values == tof(prediction, truth).values
    spoilt = prediction.copy()
    spoilt[4] = 255 - spoilt[4]
    assert tof(spoilt, truth).values["tof"] > tof(prediction, truth).values["tof"]


@pytest.mark.parametrize(
    ("size", "kept"), [(512, 480), (256, 224), (128, 96), (496, 480), (495, 448), (48, 32), (47, 0)]
)
def test_crop(size, kept):
    part = crop_of(size)
    assert part.stop - part.start == kept
    assert kept == 0 or part.start == (size - kept) // 2


def test_too_short_and_too_small_clips_have_no_value():
    result = tof(noise_frames(0, 5, 64, 64), noise_frames(1, 5, 64, 64))
    assert (result.values, result.n) == ({"tof": None}, 0)
    assert result.failures[0].type == "too_short"
    assert "5 frames; at least 6" in result.failures[0].message
    assert tof(noise_frames(0, 6, 64, 64), noise_frames(1, 6, 64, 64)).n == 1
    small = tof(noise_frames(0, 9, 47, 64), noise_frames(1, 9, 47, 64))
    assert (small.values, small.failures[0].type) == ({"tof": None}, "too_small")


def test_conformance():
    frames = noise_frames(0, 8, 64, 64), noise_frames(1, 8, 64, 64)
    check_metric(catalog.build("tof"), make_clip(8, 64, 64), *frames)
