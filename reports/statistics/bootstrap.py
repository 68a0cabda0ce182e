"""The studentized cluster bootstrap of a mean: interval and p-value from one distribution.

Clusters (subjects, else sequences, else blocks of items) are drawn with replacement, within
them sequences, within them circular blocks. Each draw is studentized with the standard error
of its own clusters (Davison and Hinkley 1997, §2.4 and §3.8; Cameron, Gelbach and Miller 2008):
a percentile interval of few clusters is too narrow (`benchmarks/coverage.py` shows by how much).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reports.statistics.clusters import Series, grouped, level
from reports.statistics.draws import draw_blocks, draw_clusters

RESAMPLES = 10_000

#: Mass of every interval.
CONFIDENCE = 0.95

#: From this many clusters the bootstrap gives the critical value. Below, too many draws take one
#: cluster alone and have no spread; then it is Student's, which leans on normal cluster means.
ENOUGH = 4

#: Spreads and distances below this share of the mean are sums in another order, not data.
ROUNDING = 1e-12

#: A sequence alone is cut into at most this many blocks: few long ones stay nearly independent
#: where blocks of a second do not (Ibragimov and Müller 2010).
MOST_BLOCKS = 6


@dataclass(frozen=True)
class Estimate:
    """A mean with its uncertainty.

    value: of the items as pooled, NaN without any.
    low, high: interval; None where no level can be resampled.
    p: two-sided, of the hypothesis that the mean is 0; None like the interval.
    error: standard error from the clusters.
    n, failed: items used, and items without a value.
    level: what was resampled or left out, a key of `SCOPES`; clusters: how many of them.
    """

    value: float
    n: int
    failed: int
    sequences: int
    subjects: int
    level: str
    clusters: int = 0
    low: float | None = None
    high: float | None = None
    p: float | None = None
    error: float | None = None


def estimate(
    series: Sequence[Series],
    block: int,
    *,
    weights: str = "sequences",
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """Mean, interval and p-value of clustered items.

    Args:
        series: one a sequence.
        block: length of a block in items; one second of frames is a fair choice.
        weights: "sequences", every sequence counts the same; "items", every item does.
        resamples: bootstrap draws.
        seed: of the draws; the same items give the same answer.

    """
    subjects = grouped(series)
    flat = [one for subject in subjects for one in subject]
    n = sum(len(one.finite) for one in flat)
    failed = sum(len(one.values) for one in series) - n
    counts = (n, failed, len(flat), len(subjects))
    at = level(subjects, block)
    if not flat:
        return Estimate(float("nan"), *counts, at)
    rng = np.random.default_rng(seed)
    if at in ("blocks", "none"):
        values = flat[0].finite
        mean = float(values.mean())
        if at == "none":
            return Estimate(mean, *counts, at)
        block = max(block, len(values) // MOST_BLOCKS)
        totals, drawn, clusters = draw_blocks(values, block, resamples, rng)
        sizes, drawn_sizes = np.ones_like(totals), np.ones_like(drawn)
    else:
        groups = subjects if at == "subjects" else [[one] for one in flat]
        of_items = weights == "items"
        weighted = [
            [(one.finite, float(len(one.finite)) if of_items else 1.0) for one in group]
            for group in groups
        ]
        totals = np.array([sum(weight * v.mean() for v, weight in group) for group in weighted])
        sizes = np.array([sum(weight for _, weight in group) for group in weighted])
        mean, clusters = float(totals.sum() / sizes.sum()), len(groups)
        drawn, drawn_sizes = draw_clusters(weighted, block, resamples, rng)
    error = float(cluster_error(totals[None], sizes[None], clusters)[0])
    pivots = studentized(drawn, drawn_sizes, mean) if clusters >= ENOUGH else None
    if error == 0 and mean != 0:
        # All clusters have the same mean: only their number is evidence against chance.
        p = 2.0 ** (1 - clusters)
        low, high = (mean, mean) if p <= 1 - CONFIDENCE else (None, None)
    else:
        low, high, p = invert(mean, error, pivots, clusters)
    return Estimate(mean, *counts, at, clusters, low, high, p, error)


def cluster_error(totals: np.ndarray, sizes: np.ndarray, clusters: int) -> np.ndarray:
    """Standard error of the ratio of sums, from clusters.

    Args:
        totals: weighted sums of the clusters, float [R, G].
        sizes: sums of the weights, float [R, G].
        clusters: how many of them make one mean; G, but for overlapping blocks.

    Returns:
        float [R]: sqrt(c / (c - 1) * mean of squared residuals / c) / mean size; 0 where only
        clusters differ by rounding alone.

    """
    means = totals.sum(1) / sizes.sum(1)
    residuals = totals - means[:, None] * sizes
    spread = (residuals**2).mean(1) / (clusters - 1)
    error = np.sqrt(spread) / sizes.mean(1)
    return np.where(error > ROUNDING * np.abs(means), error, 0.0)


def studentized(totals: np.ndarray, sizes: np.ndarray, mean: float) -> np.ndarray:
    """|t| of every draw, float [R]; totals, sizes: [R, G]."""
    error = cluster_error(totals, sizes, totals.shape[1])
    distance = np.abs(totals.sum(1) / sizes.sum(1) - mean)
    distance = np.where(distance > ROUNDING * abs(mean), distance, 0.0)
    # A draw of one cluster alone has no spread: it is no evidence against any distance.
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(error > 0, distance / error, np.where(distance > 0, np.inf, 0.0))


def invert(
    mean: float, error: float, pivots: np.ndarray | None, clusters: int
) -> tuple[float, float, float]:
    """(low, high, p) from the distribution of |t|: of the draws, else Student's."""
    t = abs(mean) / error if error > 0 else (np.inf if mean else 0.0)
    # Clusters that are mostly equal, as of a flag: the draws without spread leave no quantile.
    if pivots is not None and np.isinf(np.quantile(pivots, CONFIDENCE, method="higher")):
        pivots = None
    if pivots is None:
        # Not from scipy.stats, which takes longer to import than a page to write.
        from scipy.special import stdtr, stdtrit

        critical = float(stdtrit(clusters - 1, (1 + CONFIDENCE) / 2))
        p = float(2 * stdtr(clusters - 1, -t))
    else:
        critical = float(np.quantile(pivots, CONFIDENCE))
        p = float((1 + np.sum(pivots >= t)) / (1 + len(pivots)))
    half = critical * error if error > 0 else 0.0
    return mean - half, mean + half, p
