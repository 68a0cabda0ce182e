"""From the results of recordings to the cells of a table: pooled values, intervals, counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from harness.contracts import Metric, MetricResult, MetricSpec, Score
from harness.engine.equal_samples import restricted
from harness.engine.keys import metric_digest
from harness.engine.pooling import mean_over_seeds, pooled_values, values_by_seed
from reports.statistics import Estimate, Pooled, Series, estimate, estimate_pooled

#: Bootstrap draws of an interval in the leaderboard.
RESAMPLES = 2_000


@dataclass(frozen=True)
class Scored:
    """What one metric says of one recording under one seed; None where that failed."""

    recording: str
    person: str  # empty where unknown
    seed: int
    result: MetricResult | None


def column_facts(
    specs: Iterable[MetricSpec], built: Mapping[str, Metric]
) -> dict[str, dict[str, Any]]:
    """What a report says of every column: direction, unit, range, meaning, reference, digest."""
    return {
        column.name: {
            "metric": spec.id,
            "direction": column.direction,
            "unit": column.unit,
            "range": list(column.range),
            "summary": column.summary,
            "reference": spec.reference,
            "pooling": built[spec.id].pooling if spec.id in built else "",
            "code": metric_digest(spec) if spec.id in built else "",
        }
        for spec in specs
        for column in spec.columns
    }


def metric_scores(
    metric: Metric,
    scored: Sequence[Scored],
    fps: float,
    common: Mapping[Hashable, np.ndarray] | None = None,
) -> dict[str, Score]:
    """All columns of one metric for one row; a missing result makes the score a failure.

    Args:
        metric: it pools its own results.
        scored: one a recording and seed; none where the metric does not apply to the row, as
            speed to an oracle.
        fps: frames per second, for the blocks of the interval.
        common: of `common_frames`, for a metric with `equal_n`.

    """
    missing = sum(one.result is None for one in scored)
    if missing:
        reason = f"{missing} of {len(scored)} {counted(scored)} failed"
        return {c.name: Score("failed", reason=reason, failures=1) for c in metric.spec.columns}
    results = [one.result for one in scored if one.result is not None]
    if common is not None:
        results = [
            restricted(metric, result, one.recording, common)
            for one, result in zip(scored, results, strict=True)
        ]
    return column_scores(metric, scored, results, fps) if scored else {}


def column_scores(
    metric: Metric, scored: Sequence[Scored], results: Sequence[MetricResult], fps: float
) -> dict[str, Score]:
    """All columns of one metric for one row, from finished results.

    Args:
        metric: it pools its own results.
        scored: what each result is of.
        results: one a recording and seed, cut to the frames that all rows have.
        fps: frames per second, for the blocks of the interval.

    """
    seeds, recordings = [one.seed for one in scored], [one.recording for one in scored]
    persons = {one.recording: one.person for one in scored}
    values = mean_over_seeds(values_by_seed(metric, results, seeds))
    means = {
        name: is_mean_of_items(name, value, results, seeds)
        for name, value in values.items()
        if value is not None
    }
    bare = [name for name, is_mean in means.items() if not is_mean]
    # Speed hangs on the moment of the machine, which no recording tells of.
    asked = bare if metric.spec.id != "fps" else []
    pooled = pooled_values(metric, results, seeds, recordings, persons, asked) if asked else {}
    failed = [failure for result in results for failure in result.failures]
    types = Counter(failure.type for failure in failed)
    by_type = {"failures_by_type": dict(types)} if types else {}
    # Of the whole clip first: the reason that there is no value, and not one frame's.
    reasons = [f.message for f in sorted(failed, key=lambda f: f.item is not None)]
    warnings = [warning for result in results for warning in result.warnings]
    scores = {}
    for column in metric.spec.columns:
        name, value = column.name, values[column.name]
        found, low, high = None, None, None
        if means.get(name):
            found = clipped(interval(name, value, scored, results, fps), column.range)
        elif name in pooled:
            found = within(estimate_pooled(pooled[name], persons), column.range)
        if found:
            low, high = found.low, found.high
        without = sum(result.values.get(name) is None for result in results)
        blind = []
        if without and value is not None:
            blind.append(f"{without} of {len(results)} {counted(scored)} could not be scored")
        scores[name] = Score(
            status="failed" if value is None else "ok",
            value=value,
            low=low,
            high=high,
            n=sum(result.n for result in results),
            failures=len(failed),
            reason=reasons[0] if value is None and reasons else "",
            warnings=tuple(dict.fromkeys([*blind, *warnings])),
            details={**results[0].details, **by_type},
            level=level_of(found, pooled.get(name)),
            by_seed=pooled[name].by_seed if name in pooled else {},
            without=pooled[name].without if name in pooled else {},
        )
    return scores


def counted(scored: Sequence[Scored]) -> str:
    """What there is one of for each recording and seed, in a word."""
    return "recordings" if len({one.seed for one in scored}) == 1 else "renders (of all seeds)"


def level_of(found: Estimate | None, pooled: Pooled | None) -> str:
    """What a score's interval is over; what was left out, even where that gave no interval."""
    if pooled is not None and pooled.without:
        return pooled.level
    return found.level if found is not None and found.low is not None else ""


def is_mean_of_items(
    column: str, value: float, results: Sequence[MetricResult], seeds: Sequence[int]
) -> bool:
    """Whether a value is the mean over seeds of the mean over results of the means of items.

    A result without a value has no part in either.
    """
    means: dict[int, list[float]] = {}
    for result, seed in zip(results, seeds, strict=True):
        items = np.asarray(result.items.get(column, ()), np.float64)
        if np.isfinite(items).any():
            means.setdefault(seed, []).append(float(np.nanmean(items)))
        elif result.values.get(column) is not None:
            return False
    if not means:
        return False
    middle = np.mean([np.mean(found) for found in means.values()])
    return bool(abs(middle - value) <= 1e-6 * max(abs(value), 1.0))


def interval(
    column: str,
    value: float,
    scored: Sequence[Scored],
    results: Sequence[MetricResult],
    fps: float,
) -> Estimate:
    """Estimate of a mean of items, over persons, recordings or moments as `estimate` can.

    Seeds repeat one experiment on the same recordings: they are averaged item by item, and are
    no further recordings. Where an item failed under one seed, its spread is not known and the
    others tell it; the middle is always `value`. No interval where seeds have not the same items.
    """
    runs: dict[tuple[str, str], list[np.ndarray]] = {}
    for one, result in zip(scored, results, strict=True):
        if column in result.items:
            items = np.asarray(result.items[column], np.float64)
            runs.setdefault((one.recording, one.person), []).append(items)
    if any(len({len(items) for items in found}) > 1 for found in runs.values()):
        return estimate([], 1)
    series = [
        Series(recording, np.mean(found, axis=0), person)
        for (recording, person), found in runs.items()
    ]
    found = estimate(series, max(1, round(fps)), resamples=RESAMPLES)
    shift = value - found.value
    if found.low is None or found.high is None or abs(shift) <= 1e-9 * max(abs(value), 1.0):
        return found
    return replace(found, value=value, low=found.low + shift, high=found.high + shift)


def within(found: Estimate, limits: tuple[float | None, float | None]) -> Estimate:
    """`clipped`; values that are all the same, as of what never happened, make no interval."""
    return replace(found, low=None, high=None) if found.error == 0 else clipped(found, limits)


def clipped(found: Estimate, limits: tuple[float | None, float | None]) -> Estimate:
    """The same with an interval inside what the column can be: a distance is never below 0."""
    if found.low is None or found.high is None:
        return found
    least, most = limits
    low = found.low if least is None else min(max(found.low, least), found.value)
    high = found.high if most is None else max(min(found.high, most), found.value)
    return replace(found, low=low, high=high)
