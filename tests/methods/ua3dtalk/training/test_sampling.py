import numpy as np

from methods.ua3dtalk.training.sampling import FrameOrder


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


def test_selected_frames_lie_in_the_window():
    signal = np.linspace(0, 1, 50)
    order = FrameOrder(np.arange(0, 50, 2), seed=0)
    rng = np.random.default_rng(0)
    for _ in range(20):
        frame = order.selected(1, signal, (0.4, 0.6), rng)
        assert frame % 2 == 0
        assert 0.4 <= signal[frame] <= 0.6


def test_an_empty_window_falls_back_to_the_regular_frame():
    order = FrameOrder(np.arange(5), seed=0)
    rng = np.random.default_rng(0)
    assert order.selected(2, np.zeros(5), (0.5, 0.7), rng) == order.regular(2)
