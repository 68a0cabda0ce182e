import numpy as np
import pytest

from metrics.sync.crops import (
    MAX_GAP,
    Box,
    BoxSmoother,
    bilinear_crop,
    face_box,
    mouth_box,
    reference_crop,
)


def test_face_box_is_square_around_the_points():
    assert face_box(np.array([[10.0, 20.0], [30.0, 80.0], [20.0, 40.0]])) == Box(20, 50, 30)


def test_reference_crop_takes_the_rows_and_columns_of_the_pipeline():
    frame = np.zeros((200, 200, 3), np.uint8)
    frame[..., 0], frame[..., 1] = np.mgrid[:200, :200]
    # s = 20 at (100, 90): rows 70..126, columns 72..128: 56 pixels, so no resampling
    crop = reference_crop(frame, Box(100, 90, 20), 56)
    np.testing.assert_array_equal(crop, frame[70:126, 72:128])


def test_reference_crop_is_grey_outside_the_frame():
    crop = reference_crop(np.zeros((60, 60, 3), np.uint8), Box(5, 5, 20), 56)
    assert (crop[0, 0] == 110).all()
    assert (crop[-1, -1] == 0).all()


def test_bilinear_crop_of_whole_pixels_is_a_slice():
    frame = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    crop = bilinear_crop(frame, Box(32, 30, 12), 24)
    np.testing.assert_allclose(crop, frame[18:42, 20:44] / 255, atol=1e-5)


def test_bilinear_crop_hardly_depends_on_the_resolution():
    y, x = np.mgrid[:256, :256] / 256
    wave = (127 + 100 * np.sin(9 * x + 7 * y)).astype(np.uint8)
    large = np.repeat(wave[..., None], 3, -1)
    small = large.reshape(128, 2, 128, 2, 3).mean((1, 3)).round().astype(np.uint8)
    a = bilinear_crop(large, Box(120, 130, 60), 48)
    b = bilinear_crop(small, Box(60, 65, 30), 48)
    assert np.abs(a - b).max() < 0.02


def test_mouth_box_does_not_grow_when_the_mouth_opens():
    points = np.random.default_rng(0).uniform(0, 100, (68, 2))
    opened = points.copy()
    opened[48:68] = opened[48:68].mean(0) + (opened[48:68] - opened[48:68].mean(0)) * 1.2
    assert mouth_box(opened).half == pytest.approx(mouth_box(points).half, rel=0.1)
    moved = mouth_box(points + np.array([5, 7]))
    assert (moved.x, moved.y) == pytest.approx((mouth_box(points).x + 5, mouth_box(points).y + 7))


def smooth(boxes):
    smoother, out = BoxSmoother(), []
    for i, box in enumerate(boxes):
        out += smoother.push(np.full((1, 1, 3), i % 256, np.uint8), box)
    out += smoother.flush()
    assert [int(f[0, 0, 0]) for f, _ in out] == [i % 256 for i in range(len(boxes))]
    return [box for _, box in out]


def test_median_over_thirteen_frames_as_far_as_they_exist():
    x = np.random.default_rng(0).uniform(0, 100, 40)
    found = smooth([Box(float(v), 0.0, 1.0) for v in x])
    for t, box in enumerate(found):
        assert box.x == pytest.approx(np.median(x[max(t - 6, 0) : t + 7]))


def test_short_clips_keep_all_their_frames():
    assert len(smooth([Box(1, 1, 1)] * 3)) == 3
    assert smooth([]) == []


def test_gaps_are_bridged_only_so_far():
    box = Box(1.0, 1.0, 1.0)
    found = smooth([None] * 2 + [box] + [None] * (MAX_GAP + 5) + [box])
    assert found[:2] == [None, None]
    assert all(b == box for b in found[2 : 3 + MAX_GAP])
    assert found[3 + MAX_GAP : -1] == [None] * 5
    assert found[-1] == box
