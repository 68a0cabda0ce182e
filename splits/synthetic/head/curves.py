"""Smooth scalar building blocks of the analytic face."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.interpolate import PchipInterpolator


def bump(
    s: np.ndarray,
    v: np.ndarray | float,
    s0: np.ndarray | float,
    v0: float,
    width: float,
    height: float,
) -> np.ndarray:
    """A Gaussian hill of 1 at (s0, v0); `width`, `height` are its standard deviations."""
    return np.exp(-0.5 * (((s - s0) / width) ** 2 + ((v - v0) / height) ** 2))


def smoothstep(low: float | np.ndarray, high: float | np.ndarray, x: np.ndarray) -> np.ndarray:
    """0 below `low`, 1 above `high`, with zero slope at both."""
    t = np.clip((x - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def curve(points: list[tuple[float, float]]) -> Callable[[np.ndarray], np.ndarray]:
    """A shape-preserving curve through (x, value) points, constant outside them."""
    x, y = np.array(points, np.float64).T
    inner = PchipInterpolator(x, y)
    return lambda at: inner(np.clip(at, x[0], x[-1]))
