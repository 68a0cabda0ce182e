"""Is this a metric? Values, items and pooling on small inputs, checked against its spec."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from harness.contracts import Clip, Column, FrameBatch, Metric, MetricResult


def run_metric(
    metric: Metric, clip: Clip, prediction: np.ndarray, truth: np.ndarray, batch: int
) -> MetricResult:
    """Stream a sequence through a metric in batches; frames are uint8 [T,H,W,3]."""
    metric.begin(clip)
    for start in range(0, len(truth), batch):
        stop = start + batch
        metric.update(FrameBatch(start, prediction[start:stop], truth[start:stop]))
    return metric.compute()


def check_metric(metric: Metric, clip: Clip, prediction: np.ndarray, truth: np.ndarray) -> None:
    """Columns, ranges, JSON, batch size, reuse of one instance, and the declared aggregation.

    Args:
        metric: of a spec with `track="video"`.
        clip: with all signals that the spec declares; `tiny_clip()` has most.
        prediction: uint8 RGB [T,H,W,3].
        truth: uint8 RGB [T,H,W,3].

    """
    whole = run_metric(metric, clip, prediction, truth, len(truth))
    check_result(metric, whole)
    parts = run_metric(metric, clip, prediction, truth, 3)
    for name, value in whole.values.items():
        other = parts.values[name]
        if value is None or other is None:
            same = value is other
        else:
            same = bool(np.isclose(value, other, rtol=1e-4, atol=1e-6))
        assert same, f"{name} depends on the batch size: {value} and {other}"
    count = two_thirds(len(truth))
    beginning = first_frames(clip, count)
    shorter = run_metric(metric, beginning, prediction[:count], truth[:count], count)
    check_aggregation(metric, [whole, shorter])


def check_mesh_metric(metric: Metric, clip: Clip) -> None:
    """The same for a metric of meshes: `begin` is given everything, and no frames come.

    Args:
        metric: of a spec with `track="mesh"`.
        clip: with all signals that the spec declares, in `signals` and `predicted`.

    """
    assert metric.spec.track == "mesh", f"the track of {metric.spec.id} is {metric.spec.track}"
    given = {**clip.signals, **{f"predicted {k}": v for k, v in clip.predicted.items()}}
    before = {k: np.array(v) for k, v in given.items() if isinstance(v, np.ndarray)}
    metric.begin(clip)
    whole = metric.compute()
    check_result(metric, whole)
    for name, array in before.items():
        assert np.array_equal(array, given[name], equal_nan=True), f"{name} was written to"
    metric.begin(clip)
    again = metric.compute()
    assert whole.values == again.values, f"a second use gives {again.values}, not {whole.values}"
    for name, value in metric.pool([whole, again]).items():
        assert near(value, whole.values[name]), (
            f"{name} of a sequence pooled with itself is {value}, not {whole.values[name]}"
        )
    metric.begin(first_vertices(clip))
    check_aggregation(metric, [whole, metric.compute()])


def check_result(metric: Metric, result: MetricResult) -> None:
    """Declared columns within their ranges, a failure for a missing value, details in JSON."""
    declared = {column.name: column for column in metric.spec.columns}
    assert set(result.values) == set(declared), f"{set(result.values)} instead of {set(declared)}"
    for name, value in result.values.items():
        low, high = declared[name].range
        assert value is None or np.isfinite(value), f"{name} is {value}"
        assert value is None or low is None or value >= low - 1e-6, f"{name} = {value} < {low}"
        assert value is None or high is None or value <= high + 1e-6, f"{name} = {value} > {high}"
        assert value is not None or result.failures, f"{name} has no value and no failure"
    json.dumps(result.details)


def check_aggregation(metric: Metric, results: list[MetricResult]) -> None:
    """The declared aggregation of every column agrees with its values, items and pooling.

    Args:
        metric: it pools the results.
        results: of sequences with different values and numbers of items.

    """
    pooled = metric.pool(results)
    assert set(pooled) == {c.name for c in metric.spec.columns}, "pool() leaves columns out"
    for column in metric.spec.columns:
        for result in results:
            check_one(metric, column, result)
        found = [r.values[column.name] for r in results]
        values = [value for value in found if value is not None]
        if not values:
            continue
        value, mean = pooled[column.name], float(np.mean(values))
        if column.aggregation != "of the pooled features":
            assert near(value, mean), (
                f"{column.name} is declared {column.aggregation!r}, but pool() gives {value} and "
                f"the mean over sequences is {mean}: declare 'of the pooled features'"
            )
        elif len(values) > 1 and np.ptp(values) > 1e-3 * np.abs(values).max():
            assert not near(value, mean), (
                f"{column.name} is declared 'of the pooled features', but pool() gives the mean "
                "over sequences: declare 'mean of items' or 'per sequence'"
            )


def check_one(metric: Metric, column: Column, result: MetricResult) -> None:
    """The aggregation of one column against one result."""
    value = result.values[column.name]
    declared = f"{column.name} is declared {column.aggregation!r}"
    if value is None:
        return
    alone = metric.pool([result])[column.name]
    assert near(alone, value), f"{declared}, but pool() of one result of {value} gives {alone}"
    items = np.asarray(result.items.get(column.name, ()), np.float64)
    items = items[np.isfinite(items)]
    if column.aggregation == "mean of items":
        assert len(items), f"{declared}, but it has a value and no items"
        assert near(items.mean(), value), (
            f"{declared}, but the mean of its items is {items.mean()} and its value {value}"
        )
    elif column.aggregation == "per sequence" and len(items) and np.ptp(items) > 0:
        assert not near(items.mean(), value), (
            f"{declared}, but its value is the mean of its items: declare 'mean of items'"
        )


def near(a: float | None, b: float | None) -> bool:
    """Equal up to rounding, or both None."""
    if a is None or b is None:
        return a is b
    return bool(np.isclose(a, b, rtol=1e-6, atol=1e-9))


def two_thirds(count: int) -> int:
    """The length of a shorter sequence whose items weigh otherwise than those of the whole."""
    return max(count * 2 // 3, 1)


def first_frames(clip: Clip, count: int) -> Clip:
    """The first frames of a sequence, with sound, signals and timing cut to them."""

    def cut(signals: Mapping[str, Any]) -> dict[str, Any]:
        return {name: shortened(value, clip.count, count) for name, value in signals.items()}

    timing = clip.timing
    if timing is not None and "frame_ms" in timing:
        timing = {**timing, "frame_ms": timing["frame_ms"][:count]}
    samples = round(len(clip.audio) * count / max(clip.count, 1))
    return replace(
        clip,
        count=count,
        audio=clip.audio[:samples],
        signals=cut(clip.signals),
        predicted=cut(clip.predicted),
        timing=timing,
    )


def shortened(value: Any, whole: int, count: int) -> Any:
    """A signal of the first frames; what has no frames stays as it is."""
    if hasattr(value, "part"):
        return value.part(range(count))
    if isinstance(value, np.ndarray) and value.ndim and len(value) == whole:
        return value[:count]
    return value


def first_vertices(clip: Clip) -> Clip:
    """A mesh sequence cut to its first frames, [T,V,3] or [S,T,V,3] on either side."""

    def cut(signals: Mapping[str, Any]) -> dict[str, Any]:
        found = dict(signals)
        if "vertices" in found:
            vertices = np.asarray(found["vertices"])
            found["vertices"] = vertices[..., : two_thirds(vertices.shape[-3]), :, :]
        return found

    return replace(clip, signals=cut(clip.signals), predicted=cut(clip.predicted))
