"""Many comparisons at once: Holm's correction, and the ranks that it leaves possible."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

#: Of every test.
LEVEL = 0.05


def holm(values: Sequence[float | None]) -> list[float | None]:
    """Adjusted p-values (Holm 1979, step-down): reject where one is at most the level.

    None stays where nothing was tested, and counts for nothing.
    """
    tested = [index for index, value in enumerate(values) if value is not None]
    order = sorted(tested, key=lambda index: float(values[index] or 0.0))
    adjusted: list[float | None] = [None] * len(values)
    highest = 0.0
    for step, index in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - step) * float(values[index] or 0.0)))
        adjusted[index] = highest
    return adjusted


def rank_sets(gains: np.ndarray, p: np.ndarray) -> list[tuple[int, int, int] | None]:
    """Rank of every row with the ranks that the data do not rule out.

    A row ranks behind those that are significantly better and before those that are
    significantly worse, Holm-corrected over its own comparisons (marginal confidence set of
    Mogstad, Romano, Shaikh and Wilhelm 2024).

    Args:
        gains: gain of row i over row j, above 0 where i is better; float [K, K], NaN unknown.
        p: two-sided p-values of the gains, float [K, K]; NaN where nothing can be tested.

    Returns:
        Per row (rank by the values, best possible rank, worst possible rank), 1 is best; None
        for a row that was compared with no other. Ranked rows that a row was not compared with
        may be before it or behind: its worst possible rank counts them.

    """
    ranked = int(np.isfinite(gains).any(axis=1).sum())
    sets: list[tuple[int, int, int] | None] = []
    for row in range(len(gains)):
        others = [k for k in range(len(gains)) if k != row and np.isfinite(gains[row, k])]
        if not others:
            sets.append(None)
            continue
        adjusted = holm([float(v) if np.isfinite(v := p[row, k]) else None for k in others])
        sure = [k for k, q in zip(others, adjusted, strict=True) if q is not None and q <= LEVEL]
        rank = 1 + sum(gains[row, k] < 0 for k in others)
        best = 1 + sum(gains[row, k] < 0 for k in sure)
        worst = ranked - sum(gains[row, k] > 0 for k in sure)
        sets.append((int(rank), int(best), int(worst)))
    return sets
