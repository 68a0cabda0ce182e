"""Fréchet distance between Gaussians fitted to two sets of feature vectors."""

from __future__ import annotations

import numpy as np

#: Fewer samples than this many times the dimension give a distance that is mostly bias.
SAMPLES_PER_DIMENSION = 10


def frechet_distance(x: np.ndarray, y: np.ndarray) -> float:
    """Squared Fréchet (Wasserstein-2) distance of the Gaussians of two samples.

    |mean_x - mean_y|^2 + tr(S_x + S_y - 2 (S_x^1/2 S_y S_x^1/2)^1/2), covariances with
    ddof=1. The symmetric eigen form needs no square root of an unsymmetric matrix and stays
    real where covariances are singular (Dowson & Landau 1982; parity with pytorch-fid 0.3.0).

    Args:
        x: float [n,d], n at least 2.
        y: float [m,d], m at least 2.

    Returns:
        The distance, never negative.

    Raises:
        ValueError: shapes that do not fit, fewer than two samples, or values not finite.

    """
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1]:
        raise ValueError(f"features must be [n,d] and [m,d], not {x.shape} and {y.shape}")
    if min(len(x), len(y)) < 2:
        raise ValueError(f"two samples at least on each side, not {len(x)} and {len(y)}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("features are not finite")
    cov_x, cov_y = np.atleast_2d(np.cov(x.T)), np.atleast_2d(np.cov(y.T))
    values, vectors = np.linalg.eigh(cov_x)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    cross = np.sqrt(np.linalg.eigvalsh(root @ cov_y @ root).clip(0)).sum()
    mean = np.square(x.mean(0) - y.mean(0)).sum()
    return float(max(mean + np.trace(cov_x) + np.trace(cov_y) - 2.0 * cross, 0.0))


def sample_warning(n: int, d: int) -> str | None:
    """A warning where `n` samples of `d` dimensions are too few to compare with other `n`."""
    if n >= SAMPLES_PER_DIMENSION * d:
        return None
    return (
        f"{n} frames for {d} dimensions: fewer than {SAMPLES_PER_DIMENSION}x, so the Fréchet "
        "distance is biased upwards; compare only with equal frame counts"
    )
