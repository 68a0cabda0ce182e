"""Which frame a training step sees."""

from __future__ import annotations

import numpy as np


class FrameOrder:
    """Frames in shuffled epochs, and now and then one from a window of a signal.

    The incremental sampling of TalkingGaussian: every n-th step draws a frame whose mouth is
    about as open (whose eyes are about as closed) as the window of that step asks for, so that
    rare and extreme states are seen, and seen in growing order.

    Args:
        frames: indices to go through, int [F].
        seed: of all epochs.

    """

    def __init__(self, frames: np.ndarray, seed: int) -> None:
        self.frames, self._seed = np.asarray(frames), seed
        self._epoch, self._order = -1, self.frames

    def regular(self, i: int) -> int:
        """The frame of step i (from 1): without replacement within an epoch."""
        epoch, index = divmod(i - 1, len(self.frames))
        if epoch != self._epoch:
            order = np.random.default_rng((self._seed, epoch)).permutation(len(self.frames))
            self._epoch, self._order = epoch, self.frames[order]
        return int(self._order[index])

    def selected(
        self, i: int, signal: np.ndarray, window: tuple[float, float], rng: np.random.Generator
    ) -> int:
        """A frame whose signal lies in the window; the regular one where there is none.

        Args:
            i: the step.
            signal: [T] in [0, 1], of all frames.
            window: low and high.
            rng: numbers of this step.

        """
        values = signal[self.frames]
        inside = self.frames[(values >= window[0]) & (values <= window[1])]
        return int(rng.choice(inside)) if len(inside) else self.regular(i)
