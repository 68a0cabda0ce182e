"""Intervals of one row: the mean of these very recordings, had other moments of them been seen.

Frames of one video are not independent: a plain standard error would be several times too
small. Whole blocks of consecutive items are resampled instead (Künsch 1989), within each
recording, and every draw is studentized, since a percentile interval of few blocks is too
narrow (`benchmarks/coverage.py`). What other recordings or people would give is not in it:
that is `bootstrap.estimate`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reports.statistics.bootstrap import ENOUGH, MOST_BLOCKS, cluster_error, draw_blocks, invert
from reports.statistics.clusters import MIN_BLOCKS

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
        block: least length of a block in items (one second of frames is a fair choice); long
            recordings are cut into `MOST_BLOCKS` longer ones.
        confidence: mass of the interval.
        resamples: bootstrap draws.
        seed: of the draws; the same items give the same interval.

    Returns:
        (low, high), or None where a recording is shorter than `MIN_BLOCKS` blocks: too little
        to say.

    """
    rng = np.random.default_rng(seed)
    mean, variance, freedom = 0.0, 0.0, 0
    drawn_mean, drawn_variance = np.zeros(resamples), np.zeros(resamples)
    for items in recordings:
        values = np.asarray(items, np.float64)
        values = values[np.isfinite(values)]
        if len(values) < MIN_BLOCKS * block:
            return None
        length = max(block, len(values) // MOST_BLOCKS)
        means, drawn, count = draw_blocks(values, length, resamples, rng)
        mean += float(values.mean()) / len(recordings)
        variance += float(squared_error(means[None], count)[0]) / len(recordings) ** 2
        drawn_mean += drawn.mean(1) / len(recordings)
        drawn_variance += squared_error(drawn, count) / len(recordings) ** 2
        freedom += count - 1
    error, errors = np.sqrt(variance), np.sqrt(drawn_variance)
    pivots = None
    if freedom + 1 >= ENOUGH:
        distance = np.abs(drawn_mean - mean)
        with np.errstate(divide="ignore", invalid="ignore"):
            pivots = np.where(errors > 0, distance / errors, np.where(distance > 0, np.inf, 0.0))
    low, high, _ = invert(mean, float(error), pivots, freedom + 1, confidence)
    return low, high


def squared_error(means: np.ndarray, count: int) -> np.ndarray:
    """Squared standard error of a mean of `count` blocks, float [R]; means: [R, k]."""
    return cluster_error(means, np.ones_like(means), count) ** 2
