"""Which frame a training step sees."""

from __future__ import annotations

import numpy as np

#: Half width of the face's window of mouth opening, as a part of the range that it moves over;
#: where that range begins; and the two sides of its window of blinks.
GAP_WINDOW, GAP_FROM = 0.2, 0.2
BLINK_BELOW, BLINK_ABOVE = 0.15, 0.3


class FrameOrder:
    """Frames in shuffled epochs, and now and then one of some chosen by a signal.

    The incremental sampling of TalkingGaussian: every n-th step draws a frame whose mouth is
    about as open (whose eyes are about as closed) as the window of that step asks for, so that
    rare and extreme states are seen, and seen in growing order.

    Args:
        frames: indices to go through, int [F].
        seed: of all epochs.

    """

    def __init__(self, frames: np.ndarray, seed: int) -> None:
        self.frames, self.seed = np.asarray(frames), seed
        self._epoch, self._order = -1, self.frames

    def regular(self, i: int) -> int:
        """The frame of step i (from 1): without replacement within an epoch."""
        epoch, index = divmod(i - 1, len(self.frames))
        if epoch != self._epoch:
            order = np.random.default_rng((self.seed, epoch)).permutation(len(self.frames))
            self._epoch, self._order = epoch, self.frames[order]
        return int(self._order[index])

    def chosen(self, i: int, allowed: np.ndarray, rng: np.random.Generator) -> int:
        """An allowed frame; the regular one where none is.

        Args:
            i: the step.
            allowed: bool [T], of all frames.
            rng: numbers of this step.

        """
        inside = self.frames[allowed[self.frames]]
        return int(rng.choice(inside)) if len(inside) else self.regular(i)


def in_gap_window(gap: np.ndarray, done: float) -> np.ndarray:
    """Frames whose mouth is as open as the face's warm-up asks for.

    Args:
        gap: float [T] in [0, 1], `FaceSignals.gap`.
        done: how far the sampling has come, in [0, 1].

    """
    middle = GAP_FROM + (1 - GAP_FROM) * done
    half = GAP_WINDOW * (1 - GAP_FROM)
    return np.abs(gap - middle) <= half


def in_blink_window(blink: np.ndarray, done: float) -> np.ndarray:
    """Frames whose eyes are as closed as the face's later steps ask for; see `in_gap_window`."""
    return (blink >= done - BLINK_BELOW) & (blink <= done + BLINK_ABOVE)


def in_parted_window(parted: np.ndarray, done: float) -> np.ndarray:
    """Frames whose lips are as far apart as the mouth's steps ask for: from the widest down.

    Args:
        parted: float [T], `FaceSignals.parted`.
        done: how far the sampling has come, in [0, 1]; at 0 only the widest are left.

    """
    return parted >= 1 - done
