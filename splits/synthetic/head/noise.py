"""Smooth value noise for textures, from a seeded generator."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter


def smooth_noise(
    rng: np.random.Generator, height: int, width: int, sigma: float | tuple[float, float]
) -> np.ndarray:
    """Noise of zero mean and unit deviation, blurred by `sigma` pixels: float64 [height,width]."""
    field = gaussian_filter(rng.normal(size=(height, width)), sigma, mode="wrap")
    return (field - field.mean()) / max(field.std(), 1e-12)
