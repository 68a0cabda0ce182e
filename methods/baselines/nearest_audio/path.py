"""The cheapest path through candidate frames: alike in sound, and running on in time."""

from __future__ import annotations

import numpy as np


def cheapest_path(costs: np.ndarray, jump_cost: float) -> np.ndarray:
    """Choose one candidate per step by dynamic programming (Viterbi), exactly.

    Going from candidate i to i + 1 is free, any other transition costs `jump_cost`; with
    this shape of transition a step takes O(N) instead of O(N^2).

    Args:
        costs: float [T,N], cost of candidate n at step t.
        jump_cost: cost of a cut, at least 0, in the units of `costs`.

    Returns:
        int64 [T], candidates of the path with the least total; ties go to the lower index,
        and to running on before a cut.

    """
    steps, candidates = costs.shape
    total = costs[0].astype(np.float64)
    previous = np.zeros((steps, candidates), np.int64)
    for t in range(1, steps):
        cut_from = int(np.argmin(total))
        best = np.full(candidates, total[cut_from] + jump_cost)
        previous[t] = cut_from
        runs_on = np.empty(candidates, bool)
        runs_on[0] = False
        runs_on[1:] = total[:-1] <= best[1:]
        best[runs_on] = total[:-1][runs_on[1:]]
        previous[t, runs_on] = np.flatnonzero(runs_on) - 1
        total = best + costs[t]
    path = np.empty(steps, np.int64)
    path[-1] = int(np.argmin(total))
    for t in range(steps - 1, 0, -1):
        path[t - 1] = previous[t, path[t]]
    return path
