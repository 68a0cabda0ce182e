"""Aggregates results of sequences into table cells: values, intervals, counts.

`Column.aggregation` decides the statistics: a mean of items is resampled item by item, every
other value is recomputed without each subject or sequence, through `Metric.pool`. Only stored
results are used; no frame is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.contracts import BadInput, Column, Metric, MetricResult, Score
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
    row = RowResults(metric, [one for one, _ in done], [result for _, result in done])
    return {column.name: row.score(column, fps) for column in metric.spec.columns} if done else {}


def counted(scored: Sequence[Scored]) -> str:
    """The noun for what each result is of, for messages."""
    return "sequences" if len({one.seed for one in scored}) == 1 else "renders (of all seeds)"


class RowResults:
    """The results of one metric for one row, one for each sequence and seed."""

    def __init__(
        self, metric: Metric, scored: Sequence[Scored], results: Sequence[MetricResult]
    ) -> None:
        self.metric, self.scored, self.results = metric, scored, results
        self.by_seed = self._pool(scored, results)
        self.values = mean_over_seeds(self.by_seed)
        self._subjects = {one.sequence: one.subject for one in scored}
        self._parts: tuple[str, list[tuple[str, tuple[str, ...], BySeed]]] | None = None

    def score(self, column: Column, fps: float) -> Score:
        """One cell."""
        name, value = column.name, self.values[column.name]
        found, pooled, details = None, Pooled(0.0), dict(self.results[0].details)
        if value is not None:
            runs = self._runs(name)
            weights = self._weights(column, value, runs)
            if self.metric.spec.needs_timing:
                pass  # speed depends on machine load, which sequences do not show
            elif weights:
                found = self._interval(name, value, runs, weights, fps)
                details |= {"mean_of": "all items"} if weights == "items" else {}
            else:
                pooled = self._pooled(name, value)
                found = estimate_pooled(pooled, self._subjects)
                if found.error == 0:  # a value that is the same without every part has no interval
                    found = replace(found, low=None, high=None)
        found = clipped(found, column.range) if found else None
        n, failed = self._counts(name)
        if failed:
            details["failures_by_type"] = dict(failed)
        without = sum(result.values.get(name) is None for result in self.results)
        blind = []
        if without and value is not None:
            many = f"{without} of {len(self.results)} {counted(self.scored)}"
            blind.append(f"{many} could not be scored")
        warnings = [warning for result in self.results for warning in result.warnings]
        level = found.level if found is not None and found.low is not None else ""
        return Score(
            status="failed" if value is None else "ok",
            value=value,
            low=found.low if found else None,
            high=found.high if found else None,
            n=n,
            failures=failed.total(),
            reason=self._reason() if value is None else "",
            warnings=tuple(dict.fromkeys([*blind, *warnings])),
            details=details,
            level=pooled.level or level,
            by_seed=pooled.by_seed,
            without=pooled.without,
        )

    def _reason(self) -> str:
        """Why there is no value: the reason of a whole sequence precedes that of a frame."""
        failures = [failure for result in self.results for failure in result.failures]
        failures.sort(key=lambda failure: failure.item is not None)
        return failures[0].message if failures else "no sequence has a value"

    def _counts(self, name: str) -> tuple[int, Counter[str]]:
        """Items of a column that have a value, and types of the failures of the others.

        An item without a value that no failure names is undefined, like a derivative at the first
        frame, and is not counted.
        """
        n, failed = 0, Counter[str]()
        for result in self.results:
            types = {f.item: f.type for f in result.failures if f.item is not None}
            if name in result.items:
                finite = np.isfinite(np.asarray(result.items[name], np.float64))
                n += int(finite.sum())
                failed.update(t for i, t in types.items() if i < len(finite) and not finite[i])
                continue
            # Without items of its own: as many as the longest of the metric's other columns.
            n += result.n
            longest = max(map(len, result.items.values()), default=result.n + len(types))
            failed.update(list(types.values())[: max(longest - result.n, 0)])
        return n, failed

    def _runs(self, name: str) -> dict[tuple[str, int], np.ndarray]:
        """(sequence, seed) -> items of a column, float64 [n]."""
        return {
            (one.sequence, one.seed): np.asarray(result.items[name], np.float64)
            for one, result in zip(self.scored, self.results, strict=True)
            if name in result.items
        }

    def _weights(
        self, column: Column, value: float, runs: Mapping[tuple[str, int], np.ndarray]
    ) -> str | None:
        """How the value is the mean of its items: of "sequences" or all "items"; else None."""
        if column.aggregation != "mean of items" or not runs:
            return None
        weights = mean_of(runs, value)
        if weights is None:
            raise BadInput(
                f"metric {self.metric.spec.id}",
                f"declares {column.name} a mean of items, and its items do not give {value:g}",
                "Declare its `Column.aggregation` 'per sequence' or 'of the pooled features', "
                "or return the items that it is the mean of.",
            )
        return weights

    def _interval(
        self,
        name: str,
        value: float,
        runs: Mapping[tuple[str, int], np.ndarray],
        weights: str,
        fps: float,
    ) -> Estimate:
        """Estimate of a mean of items, over subjects, sequences or blocks as `estimate` can.

        Seeds repeat one experiment on the same sequences: they are averaged item by item, and are
        not further sequences. If an item failed under one seed, its spread is unknown and the
        others stand for it; the middle is always `value`. No interval if seeds have not the
        same items.
        """
        grouped: dict[str, list[np.ndarray]] = {}
        for (sequence, _), items in runs.items():
            grouped.setdefault(sequence, []).append(items)
        if any(len({len(items) for items in found}) > 1 for found in grouped.values()):
            return estimate([], 1)
        series = [
            Series(sequence, np.mean(found, axis=0), self._subjects[sequence])
            for sequence, found in grouped.items()
        ]
        found = estimate(series, max(1, round(fps)), weights=weights, resamples=RESAMPLES)
        shift = value - found.value
        if found.low is None or found.high is None or abs(shift) <= 1e-9 * max(abs(value), 1.0):
            return found
        return replace(found, value=value, low=found.low + shift, high=found.high + shift)

    def _pooled(self, name: str, value: float) -> Pooled:
        """A value that is not a mean of items: without each part, and for each seed.

        A part without a value in the column has no influence on it and is not counted. If the
        column or a seed of it cannot be computed without some part, or too few parts are left,
        none are kept: the spread of the others alone would be too small.
        """
        level, found = self._without_parts()
        without: dict[str, float] | None = {}
        for part, members, rest in found:
            pairs = zip(self.scored, self.results, strict=True)
            if all(r.values.get(name) is None for one, r in pairs if one.sequence in members):
                continue
            # A mean over other seeds would differ because of the seeds, not the part.
            if rest[name].keys() != self.by_seed[name].keys():
                without = None
                break
            without[part] = float(np.mean(list(rest[name].values())))
        if without is None or len(without) < LEAST.get(level, 0):
            without = {}
        n = sum(r.n for r in self.results if r.values.get(name) is not None)
        of_seeds = {str(seed): one for seed, one in self.by_seed[name].items()}
        return Pooled(value, without, level if without else "", of_seeds, n=n)

    def _without_parts(self) -> tuple[str, list[tuple[str, tuple[str, ...], BySeed]]]:
        """(level, [(part, its sequences, values of the rest)]), computed once for all columns."""
        if self._parts is None:
            level, found = parts(self._subjects)
            self._parts = level, []
            for part, members in found.items():
                kept = [i for i, one in enumerate(self.scored) if one.sequence not in members]
                rest = self._pool([self.scored[i] for i in kept], [self.results[i] for i in kept])
                self._parts[1].append((part, members, rest))
        return self._parts

    def _pool(self, scored: Sequence[Scored], results: Sequence[MetricResult]) -> BySeed:
        """Column -> seed -> value, where it has one."""
        return values_by_seed(self.metric, results, [one.seed for one in scored])


#: Column -> seed -> value.
BySeed = dict[str, dict[int, float]]


def values_by_seed(metric: Metric, results: Sequence[MetricResult], seeds: Sequence[int]) -> BySeed:
    """Pool the sequences of each seed.

    Args:
        metric: it pools its own results.
        results: one for each sequence and seed.
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
    together would count every ground-truth frame twice and appear less biased than it is.
    """
    return {
        name: float(np.mean(list(values.values()))) if values else None
        for name, values in by_seed.items()
    }


def clipped(found: Estimate, limits: tuple[float | None, float | None]) -> Estimate:
    """The score with its interval clipped to the column's range: no distance is below 0."""
    if found.low is None or found.high is None:
        return found
    bottom, top = limits
    low = found.low if bottom is None else min(max(found.low, bottom), found.value)
    high = found.high if top is None else max(min(found.high, top), found.value)
    return replace(found, low=low, high=high)
