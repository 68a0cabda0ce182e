"""Intervals for means of correlated items.

Frames of one video are not independent: a plain standard error would be several times too
small. Whole blocks of consecutive items are resampled instead (moving-block bootstrap,
Künsch 1989), within each recording.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

RESAMPLES = 2_000


def block_bootstrap_interval(
    recordings: Sequence[np.ndarray],
    block: int,
    *,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[float, float] | None:
    """Interval of the mean over recordings of each recording's mean.

    Args:
        recordings: per recording its items in time order, float [n_i]; NaN items are left out.
        block: length of a block in items (one second of frames is a fair choice).
        confidence: mass of the interval.
        resamples: bootstrap draws.
        seed: of the draws; the same items give the same interval.

    Returns:
        (low, high), or None where a recording is shorter than three blocks: too little to say.
    """
    rng = np.random.default_rng(seed)
    means = np.zeros(resamples)
    for items in recordings:
        values = np.asarray(items, np.float64)
        values = values[np.isfinite(values)]
        if len(values) < 3 * block:
            return None
        # Circular blocks, so that the first and last items count as often as the others.
        blocks = -(-len(values) // block)
        starts = rng.integers(0, len(values), (resamples, blocks))
        index = (starts[..., None] + np.arange(block)).reshape(resamples, -1)[:, : len(values)]
        means += values[index % len(values)].mean(axis=1)
    means /= len(recordings)
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)
