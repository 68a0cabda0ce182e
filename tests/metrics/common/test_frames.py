import threading

import pytest
import torch

from metrics.common.frames import each_frame


@pytest.fixture(autouse=True)
def threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("threads_of_torch", [1, 3])
def test_every_frame_is_worked_on_once_in_order_without_gradients(threads_of_torch):
    torch.set_num_threads(threads_of_torch)
    seen = each_frame(lambda i: (i, torch.is_inference_mode_enabled()), 7)
    assert seen == [(i, True) for i in range(7)]
    assert each_frame(lambda i: i, 0) == []
    assert torch.get_num_threads() == threads_of_torch


def test_each_thread_computes_alone_and_later_ones_as_before():
    torch.set_num_threads(2)
    meet = threading.Barrier(2)

    def work(index):
        meet.wait(10)  # both frames are worked on at the same time
        return torch.get_num_threads()

    assert each_frame(work, 2) == [1, 1]
    later = []
    thread = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert later == [2]


def test_an_error_of_a_frame_comes_out_and_leaves_the_threads():
    torch.set_num_threads(2)

    def work(index):
        raise KeyError(index)

    with pytest.raises(KeyError):
        each_frame(work, 3)
    assert torch.get_num_threads() == 2
