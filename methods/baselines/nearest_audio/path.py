"""The cheapest path through candidate frames: similar in audio and continuous in time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


def cheapest_path(costs: np.ndarray, jump_cost: float, starts: Iterable[int] = (0,)) -> np.ndarray:
    """Choose one candidate per step by dynamic programming (Viterbi), exactly.

    Going from candidate i to i + 1 of the same sequence is free, any other transition costs
    `jump_cost`; with transitions of this form a step takes O(N) instead of O(N^2).

    Args:
        costs: float [T,N], cost of candidate n at step t.
        jump_cost: cost of a cut, at least 0, in the units of `costs`.
        starts: first candidate of every sequence.

    Returns:
        int64 [T], candidates of the path with the least total; ties go to the lower index, and
        to continuing before a cut.

    """
    steps, candidates = costs.shape
    first = np.fromiter(starts, np.int64)
    total = costs[0].astype(np.float64)
    previous = np.zeros((steps, candidates), np.int64)
    for t in range(1, steps):
        cut_from = int(np.argmin(total))
        best = np.full(candidates, total[cut_from] + jump_cost)
        previous[t] = cut_from
        continues = np.zeros(candidates, bool)
        continues[1:] = total[:-1] <= best[1:]
        continues[first] = False
        best[continues] = total[:-1][continues[1:]]
        previous[t, continues] = np.flatnonzero(continues) - 1
        total = best + costs[t]
    path = np.empty(steps, np.int64)
    path[-1] = int(np.argmin(total))
    for t in range(steps - 1, 0, -1):
        path[t - 1] = previous[t, path[t]]
    return path
