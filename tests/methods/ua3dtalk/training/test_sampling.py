import numpy as np
import pytest

from methods.ua3dtalk.training.sampling import (
    FrameOrder,
    in_blink_window,
    in_gap_window,
    in_parted_window,
)


def test_every_epoch_shows_every_frame_once():
    order = FrameOrder(np.array([3, 5, 8, 9]), seed=1)
    shown = [order.regular(i) for i in range(1, 9)]
    assert sorted(shown[:4]) == sorted(shown[4:]) == [3, 5, 8, 9]


def test_the_order_does_not_depend_on_where_it_is_entered():
    frames = np.arange(11)
    through = [FrameOrder(frames, 2).regular(i) for i in range(1, 40)]
    one = FrameOrder(frames, 2)
    assert through == [one.regular(i) for i in range(1, 40)]
    assert through != [FrameOrder(frames, 3).regular(i) for i in range(1, 40)]


def test_chosen_frames_are_allowed_ones_of_its_own():
    allowed = (np.arange(50) >= 20) & (np.arange(50) < 30)
    order = FrameOrder(np.arange(0, 50, 2), seed=0)
    rng = np.random.default_rng(0)
    found = {order.chosen(1, allowed, rng) for _ in range(200)}
    assert found == {20, 22, 24, 26, 28}


def test_the_regular_frame_stands_in_where_none_is_allowed():
    order = FrameOrder(np.arange(5), seed=0)
    rng = np.random.default_rng(0)
    assert order.chosen(2, np.zeros(5, bool), rng) == order.regular(2)


def test_the_windows_of_the_face_are_the_released_ones():
    # The released arithmetic in pixels, at iteration 2,000 of 40,000, for gaps of 2 to 12 pixels.
    low, high, step = 2.0, 12.0, 2_000 / 40_000
    start = low + (high - low) * 0.2
    width = (high - start) * 0.2
    middle = start + step * (high - start)
    pixels = np.linspace(2, 12, 200)  # none on a border
    expected = np.abs(pixels - middle) <= width + 1e-9
    assert np.array_equal(in_gap_window((pixels - low) / (high - low), step), expected)
    blink = np.linspace(0, 1, 101)
    inside = blink[in_blink_window(blink, 0.5)]
    assert (inside.min(), inside.max()) == pytest.approx((0.35, 0.8))


def test_the_window_of_the_mouth_widens_from_the_widest_lips_down():
    parted = np.array([-0.4, 0.0, 0.5, 1.0, 1.0])
    assert in_parted_window(parted, 0.0).tolist() == [False, False, False, True, True]
    assert in_parted_window(parted, 0.5).tolist() == [False, False, True, True, True]
    assert in_parted_window(parted, 1.0).tolist() == [False, True, True, True, True]
