"""Values at one rate, at the moments of frames of another."""

from __future__ import annotations

import numpy as np


def at_frames(values: np.ndarray, rate: float, fps: float, count: int) -> np.ndarray:
    """Linear interpolation in time; beyond the ends the first and the last value are repeated.

    Args:
        values: [N,C]; row i is of the moment (i + 0.5) / rate.
        rate: rows a second.
        fps: frames a second; frame i shows the moment (i + 0.5) / fps.
        count: frames.

    Returns:
        float32 [count,C].

    """
    wanted = (np.arange(count) + 0.5) / fps
    known = (np.arange(len(values)) + 0.5) / rate
    return np.stack([np.interp(wanted, known, row) for row in values.T], 1).astype(np.float32)
