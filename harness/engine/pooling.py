"""Values that a metric pools itself: of every seed, and without each person or recording.

Everything comes from stored results through `Metric.pool`; no frame is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from harness.contracts import Metric, MetricResult
from reports.statistics import Pooled, parts
from reports.statistics.pooled import LEAST

#: Column -> seed -> value.
BySeed = dict[str, dict[int, float]]


def values_by_seed(metric: Metric, results: Sequence[MetricResult], seeds: Sequence[int]) -> BySeed:
    """Pool the recordings of each seed.

    Args:
        metric: it pools its own results.
        results: one a recording and seed.
        seeds: of each result.

    Returns:
        Every column of the metric, with the seeds that have a value.

    """
    found: BySeed = {column.name: {} for column in metric.spec.columns}
    for seed in dict.fromkeys(seeds):
        pooled = metric.pool([r for r, s in zip(results, seeds, strict=True) if s == seed])
        for name, values in found.items():
            if (value := pooled.get(name)) is not None:
                values[seed] = value
    return found


def mean_over_seeds(by_seed: BySeed) -> dict[str, float | None]:
    """The value of every column; None where no seed has one.

    Seeds are repeats of one experiment: a distribution metric that pooled their frames
    together would see every true frame twice and seem less biased than it is.
    """
    return {
        name: float(np.mean(list(values.values()))) if values else None
        for name, values in by_seed.items()
    }


def pooled_values(
    metric: Metric,
    results: Sequence[MetricResult],
    seeds: Sequence[int],
    recordings: Sequence[str],
    persons: Mapping[str, str],
    columns: Sequence[str],
) -> dict[str, Pooled]:
    """What tells how sure the given columns are.

    Args:
        metric: it pools its own results.
        results: one a recording and seed.
        seeds: of each result.
        recordings: of each result.
        persons: recording -> its person.
        columns: those with a value that is no mean of items.

    Returns:
        Per column its value with those of its seeds and, where there are enough, without each part.
        A part that has no value in a column says nothing of it and is not counted. Where one is
        all that a column or a seed of it has, or too few are left, none are told: the spread of
        the others alone would be too small.

    """
    whole = values_by_seed(metric, results, seeds)
    values = mean_over_seeds(whole)
    level, found = parts({name: persons.get(name, "") for name in recordings})
    without: dict[str, dict[str, float]] = {name: {} for name in columns}
    untold: set[str] = set()
    for part, members in found.items():
        inside = [name in members for name in recordings]
        scored = {
            name
            for name in columns
            if any(
                r.values.get(name) is not None for r, i in zip(results, inside, strict=True) if i
            )
        }
        if not scored:
            continue
        kept = [index for index, i in enumerate(inside) if not i]
        rest = values_by_seed(metric, [results[k] for k in kept], [seeds[k] for k in kept])
        means = mean_over_seeds(rest)
        for name in scored:
            value = means[name]
            # Other seeds on either side would be told from each other, not the parts.
            if value is not None and rest[name].keys() == whole[name].keys():
                without[name][part] = value
            else:
                untold.add(name)
    untold |= {name for name, found in without.items() if len(found) < LEAST.get(level, 0)}
    made = {}
    for name in columns:
        value = values[name]
        if value is not None:
            n = sum(r.n for r in results if r.values.get(name) is not None)
            of_seeds = {str(seed): v for seed, v in whole[name].items()}
            told = {} if name in untold else without[name]
            made[name] = Pooled(value, told, level if told else "", of_seeds, n=n)
    return made
