"""The studentized cluster bootstrap of a mean: interval and p-value from one distribution.

Clusters (persons, else recordings, else blocks of items) are drawn with replacement, within
them recordings, within them circular blocks. Each draw is studentized with the standard error
of its own clusters (Davison and Hinkley 1997, §2.4 and §3.8; Cameron, Gelbach and Miller 2008):
a percentile interval of few clusters is too narrow (`benchmarks/coverage.py` shows by how much).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from reports.statistics.clusters import SCOPES, Series, grouped, level

RESAMPLES = 10_000

#: From this many clusters the bootstrap gives the critical value. Below, too many draws take one
#: cluster alone and have no spread; then it is Student's, which leans on normal cluster means.
ENOUGH = 4

#: A recording alone is cut into at most this many blocks: few long ones stay nearly independent
#: where moments of a second do not (Ibragimov and Müller 2010).
MOST_BLOCKS = 6

#: Means of block resamples that are kept a recording; a draw of the recording takes one of them.
POOL = 1_000

#: Drawn entries that are kept for the next column, at most: 32 MiB of them.
KEPT = 2**22


@dataclass(frozen=True)
class Estimate:
    """A mean with what can be said of it.

    value: of the items as pooled, NaN without any.
    low, high: interval; None where no level can be resampled.
    p: two-sided, of the hypothesis that the mean is 0; None like the interval.
    error: standard error from the clusters.
    n, failed: items used, and items without a value.
    level: what was resampled or left out, a key of `SCOPES`; clusters: how many of them.
    """

    value: float
    low: float | None
    high: float | None
    p: float | None
    error: float | None
    n: int
    failed: int
    recordings: int
    persons: int
    level: str
    clusters: int

    @property
    def scope(self) -> str:
        """What the interval speaks about, in words."""
        return SCOPES[self.level]

    @property
    def significant(self) -> bool:
        """The uncorrected 95% interval leaves 0 out."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high


def estimate(
    series: Sequence[Series],
    block: int,
    *,
    weights: str = "recordings",
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """Mean, interval and p-value of clustered items.

    Args:
        series: one a recording.
        block: length of a block in items; one second of frames is a fair choice.
        weights: "recordings", every recording counts the same; "items", every item does.
        confidence: mass of the interval.
        resamples: bootstrap draws.
        seed: of the draws; the same items give the same answer.

    """
    persons = grouped(series)
    flat = [one for person in persons for one in person]
    n = sum(len(one.finite) for one in flat)
    failed = sum(len(one.values) for one in series) - n
    counts = {"n": n, "failed": failed, "recordings": len(flat), "persons": len(persons)}
    at = level(persons, block)
    if not flat:
        return Estimate(float("nan"), None, None, None, None, level=at, clusters=0, **counts)
    rng = np.random.default_rng(seed)
    if at in ("blocks", "none"):
        values = flat[0].finite
        mean = float(values.mean())
        if at == "none":
            return Estimate(mean, None, None, None, None, level=at, clusters=0, **counts)
        block = max(block, len(values) // MOST_BLOCKS)
        totals, drawn, clusters = draw_blocks(values, block, resamples, rng)
        sizes, drawn_sizes = np.ones_like(totals), np.ones_like(drawn)
    else:
        groups = persons if at == "persons" else [[one] for one in flat]
        weigh = {
            id(one): 1.0 if weights == "recordings" else float(len(one.finite)) for one in flat
        }
        totals = np.array([sum(weigh[id(s)] * s.finite.mean() for s in g) for g in groups])
        sizes = np.array([sum(weigh[id(s)] for s in g) for g in groups])
        mean, clusters = float(totals.sum() / sizes.sum()), len(groups)
        drawn, drawn_sizes = draw_clusters(
            [[(s.finite, weigh[id(s)]) for s in g] for g in groups], block, resamples, rng
        )
    error = float(cluster_error(totals[None], sizes[None], clusters)[0])
    pivots = studentized(drawn, drawn_sizes, mean) if clusters >= ENOUGH else None
    low, high, p = invert(mean, error, pivots, clusters, confidence)
    return Estimate(mean, low, high, p, error, level=at, clusters=clusters, **counts)


def cluster_error(totals: np.ndarray, sizes: np.ndarray, clusters: int) -> np.ndarray:
    """Standard error of the ratio of sums, from clusters.

    Args:
        totals: weighted sums of the clusters, float [R, G].
        sizes: sums of the weights, float [R, G].
        clusters: how many of them make one mean; G, but for overlapping blocks.

    Returns:
        float [R]: sqrt(c / (c - 1) * mean of squared residuals / c) / mean size.

    """
    means = totals.sum(1) / sizes.sum(1)
    residuals = totals - means[:, None] * sizes
    spread = (residuals**2).mean(1) / (clusters - 1)
    return np.sqrt(spread) / sizes.mean(1)


def studentized(totals: np.ndarray, sizes: np.ndarray, mean: float) -> np.ndarray:
    """|t| of every draw, float [R]; totals, sizes: [R, G]."""
    error = cluster_error(totals, sizes, totals.shape[1])
    distance = np.abs(totals.sum(1) / sizes.sum(1) - mean)
    # A draw of one cluster alone has no spread: it is no evidence against any distance.
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(error > 0, distance / error, np.where(distance > 0, np.inf, 0.0))


def invert(
    mean: float, error: float, pivots: np.ndarray | None, clusters: int, confidence: float
) -> tuple[float, float, float]:
    """(low, high, p) from the distribution of |t|: of the draws, or Student's without them."""
    t = abs(mean) / error if error > 0 else (np.inf if mean else 0.0)
    if pivots is None:
        # Not from scipy.stats, which takes longer to import than a page to write.
        from scipy.special import stdtr, stdtrit

        critical = float(stdtrit(clusters - 1, (1 + confidence) / 2))
        p = float(2 * stdtr(clusters - 1, -t))
    else:
        critical = float(np.quantile(pivots, confidence))
        p = float((1 + np.sum(pivots >= t)) / (1 + len(pivots)))
    half = critical * error if error > 0 else 0.0
    return mean - half, mean + half, p


def circular_means(values: np.ndarray, block: int) -> np.ndarray:
    """Means of the blocks that start at each item, the end joined to the start: float [n]."""
    block = min(block, len(values))
    sums = np.concatenate([[0.0], np.cumsum(np.concatenate([values, values[: block - 1]]))])
    return (sums[block:] - sums[:-block]) / block


def draw_blocks(
    values: np.ndarray, block: int, resamples: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, int]:
    """One recording: its circular block means [n], draws of them [R, k], and k."""
    means = circular_means(values, block)
    count = len(values) // block
    return means, means[rng.integers(0, len(means), (resamples, count))], count


def pools(values: Sequence[np.ndarray], block: int, rng: np.random.Generator) -> np.ndarray:
    """Means of block resamples of every recording, float [K, POOL]; too short a one stays itself.

    Recordings of one length are resampled in one call.
    """
    found = np.empty((len(values), POOL))
    lengths = np.array([len(one) for one in values])
    for n in np.unique(lengths):
        which = np.flatnonzero(lengths == n)
        count = int(n) // block
        if count < 2:
            found[which] = np.array([values[k].mean() for k in which])[:, None]
            continue
        means = np.stack([circular_means(values[k], block) for k in which])
        starts = block_starts(len(which), int(n), count, int(rng.integers(2**62)))
        found[which] = sum(means.ravel()[start] for start in starts) / count
    return found


@lru_cache(maxsize=2)
def block_starts(recordings: int, n: int, count: int, seed: int) -> tuple[np.ndarray, ...]:
    """Where the blocks of each resample start in all recordings joined: `count` of [K, POOL].

    Kept, since a table asks for the same of every column and pair of rows.
    """
    rng = np.random.default_rng(seed)
    first = np.arange(recordings, dtype=np.int64)[:, None] * n
    return tuple(first + rng.integers(0, n, (recordings, POOL)) for _ in range(count))


def draw_clusters(
    groups: list[list[tuple[np.ndarray, float]]],
    block: int,
    resamples: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Draws of clusters, of recordings within them, of blocks within those.

    Args:
        groups: per cluster its recordings, (items, weight).
        block: length of a block in items.
        resamples: R.
        rng: of the draws.

    Returns:
        (totals, sizes), both float [R, G]: weighted sums of the drawn clusters and their weights.

    """
    counts = tuple(len(group) for group in groups)
    weights = np.array([weight for group in groups for _, weight in group])
    means = pools([values for group in groups for values, _ in group], block, rng)
    # One entry more, 0: what a cluster with fewer recordings than the largest adds.
    means = np.append((means * weights[:, None]).ravel(), 0.0)
    seed = int(rng.integers(2**62))
    kept = resamples * len(groups) * max(counts) <= KEPT
    slots = kept_slots(counts, resamples, seed) if kept else fresh_slots(counts, resamples, seed)
    totals, sizes = np.zeros((2, resamples, len(groups)))
    alike = bool((weights == weights[0]).all())
    padded = np.append(weights, 0.0)
    for index in slots:
        totals += means[index]
        sizes += weights[0] * (index < len(means) - 1) if alike else padded[index // POOL]
    return totals, sizes


def fresh_slots(counts: tuple[int, ...], resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Per place of a recording in its cluster: which entry of all pools is drawn, int64 [R, G].

    Clusters are drawn with replacement, then as many recordings as each has, then of each
    recording one of its block resamples; the entry after the last stands for no recording.
    """
    rng = np.random.default_rng(seed)
    sizes = np.array(counts)
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    chosen = rng.integers(0, len(sizes), (resamples, len(sizes)), dtype=np.int32)
    size, start = sizes[chosen], first[chosen]
    for slot in range(sizes.max()):
        pick = start + (rng.random(chosen.shape) * size).astype(np.int64)
        index = pick * POOL + rng.integers(0, POOL, chosen.shape)
        yield np.where(slot < size, index, sizes.sum() * POOL)


@lru_cache(maxsize=2)
def kept_slots(counts: tuple[int, ...], resamples: int, seed: int) -> tuple[np.ndarray, ...]:
    """The same, kept: all columns and pairs of rows of a table draw alike."""
    return tuple(fresh_slots(counts, resamples, seed))
