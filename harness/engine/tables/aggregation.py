"""From the results of sequences to the cells of a table: values, intervals, counts.

`Column.aggregation` decides the statistics: a mean of items is resampled item by item, every
other value is computed again without each subject or sequence, through `Metric.pool`. Everything
comes from stored results; no frame is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from harness.contracts import NOT_APPLICABLE, BadInput, Column, Metric, MetricResult, Score
from harness.engine.tables.equal_samples import restricted
from reports.statistics import (
    Estimate,
    Pooled,
    Series,
    estimate,
    estimate_pooled,
    mean_of,
    parts,
)
from reports.statistics.pooled import LEAST

#: Bootstrap draws of an interval in the leaderboard.
RESAMPLES = 2_000


@dataclass(frozen=True)
class Scored:
    """The result of one metric on one sequence under one seed; None where that failed."""

    sequence: str
    subject: str  # empty where unknown
    seed: int
    result: MetricResult | None


#: What was scored, with its result.
Done = tuple[Scored, MetricResult]

#: Column -> seed -> value.
BySeed = dict[str, dict[int, float]]


def metric_scores(
    metric: Metric,
    scored: Sequence[Scored],
    fps: float,
    common: Mapping[Hashable, np.ndarray] | None = None,
) -> dict[str, Score]:
    """All columns of one metric for one row; a missing result makes the score a failure.

    Args:
        metric: it pools its own results.
        scored: one for each sequence and seed; none if the metric does not apply to the row, as
            speed to an oracle.
        fps: frames per second, for the blocks of the interval.
        common: of `common_frames`, for a metric with `equal_n`.

    Raises:
        BadInput: a column is declared a mean of items, and its items do not give its value.

    """
    done = [(one, one.result) for one in scored if one.result is not None]
    if missing := len(scored) - len(done):
        reason = f"{missing} of {len(scored)} {counted(scored)} failed"
        return {c.name: Score("failed", reason=reason, failures=1) for c in metric.spec.columns}
    if common is not None:
        done = [(one, restricted(metric, r, one.sequence, common)) for one, r in done]
    row = RowResults(metric, done)
    return {column.name: row.score(column, fps) for column in metric.spec.columns} if done else {}


def counted(scored: Sequence[Scored]) -> str:
    """The noun for what each result is of, for messages."""
    return "sequences" if len({one.seed for one in scored}) == 1 else "renders (of all seeds)"


def values_by_seed(metric: Metric, done: Sequence[Done]) -> BySeed:
    """Pool the sequences of each seed: every column, with the seeds that have a value."""
    found: BySeed = {column.name: {} for column in metric.spec.columns}
    for seed in dict.fromkeys(one.seed for one, _ in done):
        pooled = metric.pool([result for one, result in done if one.seed == seed])
        for name, values in found.items():
            if (value := pooled.get(name)) is not None:
                values[seed] = value
    return found


def mean_over_seeds(by_seed: BySeed) -> dict[str, float | None]:
    """The value of every column; None where no seed has one.

    Seeds are repeats of one experiment: a distribution metric that pooled their frames
    together would count every ground-truth frame twice and appear less biased than it is.
    """
    return {
        name: float(np.mean(list(values.values()))) if values else None
        for name, values in by_seed.items()
    }


def nothing_to_measure(result: MetricResult) -> bool:
    """Whether the whole sequence has no value because there was nothing to measure."""
    types = {failure.type for failure in result.failures if failure.item is None}
    return types == {NOT_APPLICABLE}


class RowResults:
    """The results of one metric for one row."""

    def __init__(self, metric: Metric, done: Sequence[Done]) -> None:
        self.metric, self.done = metric, done
        self.subjects = {one.sequence: one.subject for one, _ in done}
        self.by_seed = values_by_seed(metric, done)
        self.values = mean_over_seeds(self.by_seed)

    def score(self, column: Column, fps: float) -> Score:
        """One cell."""
        name, value = column.name, self.values[column.name]
        results = [result for _, result in self.done]
        found, pooled, details = estimate([], 1), Pooled(0.0), dict(results[0].details)
        # Speed depends on machine load, which sequences do not show.
        if value is not None and not self.metric.spec.needs_timing:
            if weights := self._weights(column, value):
                found = self._interval(name, value, weights, fps)
                details |= {"mean_of": "all items"} if weights == "items" else {}
            else:
                pooled = self._pooled(name, value)
                found = estimate_pooled(pooled, self.subjects)
                if found.error == 0:  # what is the same without every part has no interval
                    found = replace(found, low=None)
        found = clipped(found, column.range)
        n, failed = self._counts(name)
        details |= {"failures_by_type": dict(failed)} if failed else {}
        blind = [result for result in results if result.values.get(name) is None]
        of_all = f"of {len(results)} {counted([one for one, _ in self.done])}"
        inapplicable = sum(map(nothing_to_measure, blind))
        warnings = []
        if value is not None and len(blind) > inapplicable:
            warnings.append(f"{len(blind) - inapplicable} {of_all} could not be scored")
        if value is not None and inapplicable:
            warnings.append(f"not applicable to {inapplicable} {of_all}")
        warnings += [warning for result in results for warning in result.warnings]
        # Of the whole sequence first: the reason that there is no value, and not one frame's.
        failures = [failure for result in results for failure in result.failures]
        reasons = [f.message for f in sorted(failures, key=lambda f: f.item is not None)]
        reasons.append("the metric gives neither a value nor a reason")
        status = "not applicable" if inapplicable == len(results) else "failed"
        return Score(
            status=status if value is None else "ok",
            value=value,
            low=found.low,
            high=found.high,
            n=n,
            failures=failed.total(),
            reason=reasons[0] if value is None else "",
            warnings=tuple(dict.fromkeys(warnings)),
            details=details,
            level=pooled.level or ("" if found.low is None else found.level),
            by_seed=pooled.by_seed,
            without=pooled.without,
        )

    def _counts(self, name: str) -> tuple[int, Counter[str]]:
        """Items of a column that have a value, and types of the failures of the others.

        An item without value that no failure names is undefined there, as a derivative at the
        first frame, and is not counted.
        """
        n, failed = 0, Counter[str]()
        for _, result in self.done:
            types = {f.item: f.type for f in result.failures if f.item is not None}
            if name in result.items:
                finite = np.isfinite(np.asarray(result.items[name], np.float64))
                n += int(finite.sum())
                failed.update(t for i, t in types.items() if i < len(finite) and not finite[i])
            else:  # as many as the metric's other columns have at most
                n += result.n
                longest = max(map(len, result.items.values()), default=result.n + len(types))
                failed.update(list(types.values())[: max(longest - result.n, 0)])
        return n, failed

    def _runs(self, name: str) -> dict[tuple[str, int], np.ndarray]:
        """(sequence, seed) -> items of a column, float64 [n]."""
        return {
            (one.sequence, one.seed): np.asarray(result.items[name], np.float64)
            for one, result in self.done
            if name in result.items
        }

    def _weights(self, column: Column, value: float) -> str | None:
        """How the value is the mean of its items: of "sequences" or all "items"; else None."""
        runs = self._runs(column.name)
        if column.aggregation != "mean of items" or not runs:
            return None
        if weights := mean_of(runs, value):
            return weights
        raise BadInput(
            f"metric {self.metric.spec.id}",
            f"declares {column.name} a mean of items, and its items do not give {value:g}",
            "Declare its `Column.aggregation` 'per sequence' or 'of the pooled features', "
            "or return the items that it is the mean of.",
        )

    def _interval(self, name: str, value: float, weights: str, fps: float) -> Estimate:
        """Estimate of a mean of items, over subjects, sequences or blocks as `estimate` can.

        Seeds repeat one experiment on the same sequences: they are averaged item by item, and are
        not further sequences. If an item failed under one seed, its spread is unknown and the
        others stand for it; the middle is always `value`. No interval if seeds have not the
        same items.
        """
        grouped: dict[str, list[np.ndarray]] = {}
        for (sequence, _), items in self._runs(name).items():
            grouped.setdefault(sequence, []).append(items)
        if any(len({len(items) for items in found}) > 1 for found in grouped.values()):
            return estimate([], 1)
        series = [
            Series(sequence, np.mean(found, axis=0), self.subjects[sequence])
            for sequence, found in grouped.items()
        ]
        found = estimate(series, max(1, round(fps)), weights=weights, resamples=RESAMPLES)
        shift = value - found.value
        if found.low is None or found.high is None or abs(shift) <= 1e-9 * max(abs(value), 1.0):
            return found
        return replace(found, value=value, low=found.low + shift, high=found.high + shift)

    @cached_property
    def _left_out(self) -> tuple[str, list[tuple[str, list[MetricResult], BySeed]]]:
        """Level, and of each part its name, its own results and the values of the rest."""
        level, found = parts(self.subjects)
        left = []
        for part, members in found.items():
            own = [result for one, result in self.done if one.sequence in members]
            rest = [pair for pair in self.done if pair[0].sequence not in members]
            left.append((part, own, values_by_seed(self.metric, rest)))
        return level, left

    def _pooled(self, name: str, value: float) -> Pooled:
        """A value that is not a mean of items, without each part and of each seed.

        A part without a value in the column has no influence on it and is not counted. If the
        column or a seed of it cannot be computed without some part, or too few parts are left,
        none are kept: the spread of the others alone would be too small.
        """
        level, found = self._left_out
        without: dict[str, float] = {}
        known = True
        for part, own, rest in found:
            if any(result.values.get(name) is not None for result in own):
                # Means over other seeds would differ by the seeds, not by the part.
                known &= rest[name].keys() == self.by_seed[name].keys()
                without[part] = float(np.mean(list(rest[name].values()) or [0.0]))
        if not known or len(without) < LEAST.get(level, 0):
            level, without = "", {}
        n = sum(r.n for _, r in self.done if r.values.get(name) is not None)
        seeds = {str(seed): one for seed, one in self.by_seed[name].items()}
        return Pooled(value, without, level if without else "", seeds, n=n)


def clipped(found: Estimate, limits: tuple[float | None, float | None]) -> Estimate:
    """The same with an interval inside what the column can be: a distance is never below 0."""
    if found.low is None or found.high is None:
        return replace(found, low=None, high=None)
    bottom, top = limits
    low = found.low if bottom is None else min(max(found.low, bottom), found.value)
    high = found.high if top is None else max(min(found.high, top), found.value)
    return replace(found, low=low, high=high)
