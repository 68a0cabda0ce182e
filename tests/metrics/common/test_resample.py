import numpy as np
import pytest

from metrics.common.resample import cv2_resize


def float_bilinear(frame, h, w):
    def axis(size, to):
        place = np.clip((np.arange(to) + 0.5) * size / to - 0.5, 0, size - 1)
        low = np.minimum(place.astype(int), max(size - 2, 0))
        return low, np.minimum(low + 1, size - 1), (place - low)[:, None]

    y0, y1, wy = axis(frame.shape[0], h)
    x0, x1, wx = axis(frame.shape[1], w)
    frame = frame.astype(float)
    line = frame[:, x0] * (1 - wx) + frame[:, x1] * wx
    return line[y0] * (1 - wy[..., None]) + line[y1] * wy[..., None]


@pytest.mark.parametrize("seed", range(8))
def test_it_is_bilinear_to_within_rounding(seed):
    rng = np.random.default_rng(seed)
    height, width, h, w = rng.integers(4, 90, 4)
    frame = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    found = cv2_resize(frame, (int(h), int(w)))
    assert found.dtype == np.uint8
    assert np.abs(found - float_bilinear(frame, h, w)).max() < 1.1


def test_a_quarter_averages_the_four_middle_pixels():
    frame = np.random.default_rng(1).integers(0, 256, (16, 24, 3), dtype=np.uint8)
    blocks = frame.reshape(4, 4, 6, 4, 3)[:, 1:3, :, 1:3].astype(int).sum((1, 3))
    np.testing.assert_allclose(cv2_resize(frame, 0.25), blocks / 4, atol=0.51)


def test_half_averages_the_block():
    frame = np.random.default_rng(2).integers(0, 256, (8, 6, 3), dtype=np.uint8)
    blocks = frame.reshape(4, 2, 3, 2, 3).astype(int).sum((1, 3))
    np.testing.assert_array_equal(cv2_resize(frame, (4, 3)), (blocks + 2) // 4)


def test_the_same_size_is_a_copy():
    frame = np.random.default_rng(3).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    same = cv2_resize(frame, (5, 7))
    np.testing.assert_array_equal(same, frame)
    assert not np.shares_memory(same, frame)
