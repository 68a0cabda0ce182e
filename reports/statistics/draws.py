"""Draws of the cluster bootstrap: clusters, in them sequences, in them circular blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

#: Means of block resamples that are kept a sequence; a draw of the sequence takes one of them.
POOL = 1_000

#: Drawn entries that are kept for the next column, at most: 32 MiB of them.
KEPT = 2**22


def circular_means(values: np.ndarray, block: int) -> np.ndarray:
    """Means of the blocks that start at each item, the end joined to the start: float [n]."""
    block = min(block, len(values))
    sums = np.concatenate([[0.0], np.cumsum(np.concatenate([values, values[: block - 1]]))])
    return (sums[block:] - sums[:-block]) / block


def draw_blocks(
    values: np.ndarray, block: int, resamples: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, int]:
    """One sequence: its circular block means [n], draws of them [R, k], and k."""
    means = circular_means(values, block)
    count = len(values) // block
    return means, means[rng.integers(0, len(means), (resamples, count))], count


def pools(values: Sequence[np.ndarray], block: int, rng: np.random.Generator) -> np.ndarray:
    """Means of block resamples of every sequence, float [K, POOL]; too short a one stays itself.

    Sequences of one length are resampled in one call.
    """
    found = np.empty((len(values), POOL))
    lengths = np.array([len(one) for one in values])
    for n in np.unique(lengths):
        which = np.flatnonzero(lengths == n).tolist()
        count = int(n) // block
        if count < 2:
            found[which] = np.array([values[k].mean() for k in which])[:, None]
            continue
        means = np.stack([circular_means(values[k], block) for k in which])
        starts = block_starts(len(which), int(n), count, int(rng.integers(2**62)))
        found[which] = sum(means.ravel()[start] for start in starts) / count
    return found


@lru_cache(maxsize=2)
def block_starts(sequences: int, n: int, count: int, seed: int) -> tuple[np.ndarray, ...]:
    """Where the blocks of each resample start in all sequences joined: `count` of [K, POOL].

    Kept, since a table asks for the same of every column and pair of rows.
    """
    rng = np.random.default_rng(seed)
    first = np.arange(sequences, dtype=np.int64)[:, None] * n
    return tuple(first + rng.integers(0, n, (sequences, POOL)) for _ in range(count))


def draw_clusters(
    groups: list[list[tuple[np.ndarray, float]]],
    block: int,
    resamples: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Draws of clusters, of sequences within them, of blocks within those.

    Args:
        groups: per cluster its sequences, (items, weight).
        block: length of a block in items.
        resamples: R.
        rng: of the draws.

    Returns:
        (totals, sizes), both float [R, G]: weighted sums of the drawn clusters and their weights.

    """
    counts = tuple(len(group) for group in groups)
    weights = np.array([weight for group in groups for _, weight in group])
    means = pools([values for group in groups for values, _ in group], block, rng)
    # One entry more, 0: what a cluster with fewer sequences than the largest adds.
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
    """Per place of a sequence in its cluster: which entry of all pools is drawn, int64 [R, G].

    Clusters are drawn with replacement, then as many sequences as each has, then of each
    sequence one of its block resamples; the entry after the last stands for no sequence.
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
