"""Two strokes that every texture is painted with: a blend of colours and smooth noise."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter


def smooth_noise(
    rng: np.random.Generator, shape: tuple[int, ...], sigma: float | tuple[float, float]
) -> np.ndarray:
    """Noise of zero mean and unit deviation, blurred by `sigma` pixels: float64 [H,W]."""
    field = gaussian_filter(rng.normal(size=shape), sigma, mode="wrap")
    return (field - field.mean()) / max(field.std(), 1e-12)


def mix(base: np.ndarray, colour: tuple | np.ndarray, amount: np.ndarray) -> np.ndarray:
    """Blend `colour` over the image `base` [...,3] by `amount` [...] (clipped to 0..1)."""
    return base + (np.asarray(colour) - base) * np.clip(amount, 0, 1)[..., None]
