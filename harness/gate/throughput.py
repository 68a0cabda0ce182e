"""Time of the guarded work, as a ratio to the calibration kernel, and the verdict on it.

Work and kernel take turns in short slices, `kernel work work kernel ...`, all guards round by
round, so that a neighbour's load meets both. CPU time of this process on
one thread is measured: a process that waits for the CPU is not slower. (So waiting is not detected:
a `sleep`, a lock or a disk in the guarded work would pass. None of the guarded work has one.)

The ratio is the median of the pairs' ratios, with the distribution-free interval of a median
(order statistics, exact binomial). Rounds go on until every interval is tight, or to the limit.

Decision: *slower* when the whole interval lies above `limit` times the baseline's ratio, and
once more when the guarded work is built and measured again. The interval misses the true ratio
on that side with probability at most `error` a measurement, all looks together; so a commit
whose ratio is no worse than the limit is called slower with probability at most `error` for
each guard (1 in 1000), were the pairs independent, and less by the second measurement. An
unchanged commit lies well below the limit: `benchmarks/gate.py` shows by how much under load.
"""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Work = Callable[[], object]
Clock = Callable[[], float]


@dataclass(frozen=True)
class Rule:
    """How long to measure, and when to raise an alarm."""

    limit: float = 1.20  # times the baseline's ratio
    elsewhere: float = 1.4  # the limit's factor on a machine other than the baseline's
    error: float = 1e-3  # of one side of a guard's interval, over all looks
    tight: float = 0.04  # half-width of the interval, relative
    rounds: int = 40  # between looks
    looks: int = 8
    warm_up: int = 8


@dataclass(frozen=True)
class Measured:
    """A ratio to the calibration kernel with its interval."""

    ratio: float
    low: float
    high: float
    pairs: int

    def within(self, tight: float) -> bool:
        """Whether the interval's relative half-width is at most `tight`."""
        return math.log(self.high / self.low) / 2 <= tight


def measure(
    works: Mapping[str, Work],
    calibrate: Work,
    rule: Rule = Rule(),
    clock: Clock = time.process_time,
) -> dict[str, Measured]:
    """Time every work beside the kernel until the ratios are tight or the looks are used up.

    Works, by name, are calls of one to some milliseconds; the clock gives seconds.
    """
    for work in (calibrate, *works.values()):
        for _ in range(rule.warm_up):
            work()
    ratios: dict[str, list[float]] = {name: [] for name in works}
    collecting = gc.isenabled()
    gc.disable()
    try:
        for _ in range(rule.looks):
            for turn in range(rule.rounds):
                for name, work in works.items():
                    # The order alternates: the second one finds other caches.
                    pair = (calibrate, work) if turn % 2 else (work, calibrate)
                    taken = {call: _time(call, clock) for call in pair}
                    ratios[name].append(taken[work] / taken[calibrate])
            found = {name: _measured(values, rule) for name, values in ratios.items()}
            if all(one.within(rule.tight) for one in found.values()):
                break
    finally:
        if collecting:
            gc.enable()
    return found


def _time(work: Work, clock: Clock) -> float:
    start = clock()
    work()
    return max(clock() - start, 1e-9)


def _measured(ratios: Sequence[float], rule: Rule) -> Measured:
    low, high = median_interval(ratios, rule.error / rule.looks)
    return Measured(statistics.median(ratios), low, high, len(ratios))


def median_interval(values: Sequence[float], error: float) -> tuple[float, float]:
    """Distribution-free interval of a median; each side is wrong with at most `error`.

    The k-th smallest of n lies above the median with probability P(Bin(n, 1/2) < k). Too few
    values for any such k give their extremes.
    """
    from scipy.special import bdtr

    ordered = sorted(values)
    n = len(ordered)
    sure = int((bdtr(np.arange(n), n, 0.5) <= error).sum())
    rank = max(sure - 1, 0)
    return ordered[rank], ordered[-1 - rank]


def judge(now: Measured, baseline: float, limit: float) -> str:
    """`slower`, `faster`, `unclear` (the interval spans the limit) or `ok`."""
    if now.low > limit * baseline:
        return "slower"
    if now.high * limit < baseline:
        return "faster"
    return "unclear" if now.high > limit * baseline else "ok"


def check(
    build: Callable[[], Mapping[str, Work]],
    calibrate: Work,
    baseline: Mapping[str, float],
    limit: float,
    rule: Rule = Rule(),
    clock: Clock = time.process_time,
) -> dict[str, tuple[Measured, str]]:
    """Measure what the baseline (name -> ratio) knows: the measurements with their verdicts.

    An alarm, a ratio above `limit` times the baseline's, must repeat itself on newly built work;
    of its two measurements the faster one counts. `build` takes new memory each time.
    """
    works = {name: work for name, work in build().items() if name in baseline}
    first = measure(works, calibrate, rule, clock)
    found = {name: (one, judge(one, baseline[name], limit)) for name, one in first.items()}
    doubted = [name for name, (_, verdict) in found.items() if verdict == "slower"]
    if doubted:
        again = build()
        second = measure({name: again[name] for name in doubted}, calibrate, rule, clock)
        for name, one in second.items():
            best = min(found[name][0], one, key=lambda each: each.low)
            found[name] = best, judge(best, baseline[name], limit)
    return found
