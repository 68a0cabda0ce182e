"""Frames in words: which ones, how many, and when."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

#: Spans that a sentence names before it says that there are more.
_NAMED = 3


def spans(frames: Iterable[int]) -> list[tuple[int, int]]:
    """Runs (first, last) of consecutive numbers, both ends inclusive, of sorted frames."""
    numbers = np.fromiter(frames, np.int64)
    if not len(numbers):
        return []
    parts = np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1)
    return [(int(part[0]), int(part[-1])) for part in parts]


def when(frame: int, fps: float) -> str:
    """A frame and its time, such as `frame 10 (0.40 s)`."""
    return f"frame {frame} ({frame / fps:.2f} s)"


def counted(frames: Iterable[int], count: int, fps: float) -> str:
    """Such as `12 of 500 frames (2.4%): 3-10 and 40-43, from 0.12 s on`."""
    numbers = list(frames)
    runs = [f"{a}" if a == b else f"{a}-{b}" for a, b in spans(numbers)]
    named = ", ".join(runs[:_NAMED]) + (", ..." if len(runs) > _NAMED else "")
    share = 100 * len(numbers) / count
    digits = 0 if share >= 10 else 1
    return (
        f"{len(numbers)} of {count} frames ({share:.{digits}f}%): {named}, first at "
        f"{numbers[0] / fps:.2f} s"
    )
