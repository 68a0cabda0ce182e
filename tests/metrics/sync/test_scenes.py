import colorsys

import numpy as np
import pytest

from metrics.sync.scenes import MIN_LENGTH, Scenes, cv2_hsv


def test_hsv_is_that_of_the_colour_wheel():
    rgb = np.random.default_rng(0).integers(0, 256, (1, 200, 3), dtype=np.uint8)
    for (h, s, v), (r, g, b) in zip(cv2_hsv(rgb)[0], rgb[0] / 255.0, strict=True):
        hue, saturation, value = colorsys.rgb_to_hsv(r, g, b)
        assert min(abs(hue * 180 - h), 180 - abs(hue * 180 - h)) <= 1
        assert s == pytest.approx(saturation * 255, abs=1)
        assert v == pytest.approx(value * 255)


def test_grey_has_neither_hue_nor_saturation():
    grey = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, -1)
    hsv = cv2_hsv(grey)[0]
    assert not hsv[:, :2].any()
    np.testing.assert_array_equal(hsv[:, 2], np.arange(256))


def scenes_of(values, size=(6, 8)):
    scenes = Scenes()
    changes = [scenes.push(np.full((*size, 3), v, np.uint8)) for v in values]
    return [(s.start, s.stop) for s in scenes.scenes()], changes


def test_a_still_clip_is_one_scene():
    assert scenes_of([50] * 40)[0] == [(0, 40)]


def test_the_change_is_the_mean_over_the_three_channels():
    found, changes = scenes_of([0] * 20 + [90] * 20)  # grey: only the value changes
    assert changes[20] == pytest.approx(30)
    assert found == [(0, 20), (20, 40)]
    assert scenes_of([0] * 20 + [80] * 20)[0] == [(0, 40)]  # 26.7 is below the threshold


def test_early_cuts_are_no_cuts():
    assert scenes_of([0] * (MIN_LENGTH - 1) + [200] * 30)[0] == [(0, 44)]
    assert scenes_of([0] * MIN_LENGTH + [200] * 30)[0] == [(0, 15), (15, 45)]


def test_cuts_close_to_each_other_are_merged():
    flicker = [0, 200] * 10
    found, _ = scenes_of([0] * 20 + [200] * 3 + flicker + [0] * 30)
    assert found[0] == (0, 20)
    assert len(found) == 3  # the first cut, and one for all that follow


def test_large_frames_are_reduced():
    a, changes_a = scenes_of([0] * 20 + [90] * 5, (300, 520))
    b, changes_b = scenes_of([0] * 20 + [90] * 5, (30, 52))
    assert a == b
    np.testing.assert_allclose(changes_a, changes_b)
