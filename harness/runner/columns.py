"""From the results of clips to the cells of a table: pooled values, intervals, counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from harness.contracts import Metric, MetricResult, MetricSpec, Score
from harness.runner.metric_code import digest_of
from reports.statistics import block_bootstrap_interval


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
            "code": digest_of(spec) if spec.id in built else "",
        }
        for spec in specs
        for column in spec.columns
    }


def column_scores(
    metric: Metric, results: list[MetricResult], seeds: list[int], fps: float
) -> dict[str, Score]:
    """All columns of one metric for one row.

    Args:
        metric: it pools its own results.
        results: one a clip and seed.
        seeds: of each result.
        fps: frames per second, for the blocks of the interval.

    """
    pooled = pool_by_seed(metric, results, seeds)
    warnings = [warning for result in results for warning in result.warnings]
    scores = {}
    for column in metric.spec.columns:
        value = pooled.get(column.name)
        low, high = interval(column.name, value, results, fps)
        failures = sum(len(result.failures) for result in results)
        without = sum(result.values.get(column.name) is None for result in results)
        blind = []
        if without and value is not None:
            blind.append(f"{without} of {len(results)} recordings could not be scored")
        # Of the whole clip first: the reason that there is no value, and not one frame's.
        failed = [failure for result in results for failure in result.failures]
        reasons = [f.message for f in sorted(failed, key=lambda f: f.item is not None)]
        types = Counter(failure.type for failure in failed)
        by_type = {"failures_by_type": dict(types)} if types else {}
        scores[column.name] = Score(
            status="failed" if value is None else "ok",
            value=value,
            low=low,
            high=high,
            n=sum(result.n for result in results),
            failures=failures,
            reason=reasons[0] if value is None and reasons else "",
            warnings=tuple(dict.fromkeys([*blind, *warnings])),
            details={**results[0].details, **by_type},
        )
    return scores


def pool_by_seed(
    metric: Metric, results: list[MetricResult], seeds: list[int]
) -> dict[str, float | None]:
    """Pool the recordings of each seed, then average the seeds.

    Seeds are repeats of one experiment: a distribution metric that pooled their frames
    together would see every true frame twice and seem less biased than it is.
    """
    per_seed = [
        metric.pool([r for r, s in zip(results, seeds, strict=True) if s == seed])
        for seed in dict.fromkeys(seeds)
    ]
    pooled: dict[str, float | None] = {}
    for column in metric.spec.columns:
        values = [value for one in per_seed if (value := one.get(column.name)) is not None]
        pooled[column.name] = float(np.mean(values)) if values else None
    return pooled


def interval(
    column: str, value: float | None, results: list[MetricResult], fps: float
) -> tuple[float | None, float | None]:
    """A 95% interval where the value is a mean of its items; (None, None) elsewhere."""
    items = [result.items.get(column) for result in results]
    if value is None or any(series is None for series in items):
        return None, None
    series = [np.asarray(s, np.float64) for s in items if s is not None]
    means = [np.nanmean(s) for s in series if np.isfinite(s).any()]
    if len(means) < len(series) or abs(np.mean(means) - value) > 1e-6 * max(abs(value), 1.0):
        return None, None
    return block_bootstrap_interval(series, block=max(1, round(fps))) or (None, None)
