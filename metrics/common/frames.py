"""Work on single frames, on as many threads as torch computes with."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

T = TypeVar("T")


def each_frame(work: Callable[[int], T], count: int) -> list[T]:
    """`work(i)` of every frame i, without gradients; the order of results is that of the frames.

    A frame has a thread of its own, in which torch uses no further ones: many small operations
    that are each split among threads mostly wait for one another. The results do not depend on
    the number of threads.

    Args:
        work: of one frame; calls of it must not affect one another.
        count: frames.

    """

    def one(index: int) -> T:
        with torch.inference_mode():  # holds for its own thread alone
            return work(index)

    threads = torch.get_num_threads()
    if min(threads, count) < 2:
        return [one(index) for index in range(count)]
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return list(pool.map(one, range(count)))
    finally:
        torch.set_num_threads(threads)  # of this thread, and what later ones begin with
