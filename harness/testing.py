"""Conformance checks that any plug-in can run: is this a method, is this a metric?

Each check raises `AssertionError` with a sentence. Our own methods and metrics pass them in
our tests; a plug-in's tests call them with its own spec and a recording of its choice.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from harness.contracts import (
    BadInput,
    Clip,
    FitContext,
    FrameBatch,
    Method,
    MethodSpec,
    Metric,
    MetricResult,
    RenderRequest,
    Sequence,
    TrainingSet,
)
from harness.plugins import load_entry


def request_of(sequence: Sequence, spec: MethodSpec) -> RenderRequest:
    """The request that a runner would make for the test part of a recording."""
    part = sequence.part(sequence.test)
    controls = {"au": part.signal("au")} if "au" in spec.drives[0] and part.has("au") else {}
    return RenderRequest(
        audio=part.audio,
        fps=part.fps,
        count=len(part.frames),
        height=part.height,
        width=part.width,
        camera=part.signal("camera") if part.has("camera") else None,
        controls=controls,
        truth=part if spec.role == "oracle" else None,
    )


def check_spec_reads_without_torch(module: str) -> None:
    """Importing a spec module must not import torch: `list` and `--help` stay fast."""
    program = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, f"{module} imports torch, or fails: {done.stderr}"


def check_method(
    spec: MethodSpec, sequence: Sequence, workdir: Path, config: dict | None = None
) -> None:
    """Fit, load in a fresh instance and render; frames must be as the contract says."""
    context = FitContext(config if config is not None else spec.presets[spec.default_preset])
    method: Method = load_entry(spec.entry)()
    method.fit(TrainingSet.of(sequence), workdir, context)
    request = request_of(sequence, spec)
    first = rendered(spec, workdir, request)
    assert len(first) == request.count, f"{len(first)} frames, {request.count} were asked for"
    for rgb, alpha in first:
        assert rgb.shape == (request.height, request.width, 3), f"rgb is {rgb.shape}"
        assert alpha.shape == (request.height, request.width), f"alpha is {alpha.shape}"
        assert rgb.dtype == alpha.dtype == np.float32, f"{rgb.dtype}, {alpha.dtype}: not float32"
        assert np.isfinite(rgb).all(), "rgb is not finite"
        assert np.isfinite(alpha).all(), "alpha is not finite"
        assert -1e-4 <= alpha.min() <= alpha.max() <= 1 + 1e-4, "alpha leaves [0, 1]"
    again = rendered(spec, workdir, request)
    for (a, _), (b, _) in zip(first, again, strict=True):
        assert np.array_equal(a, b), "two renders of the same request differ"


def rendered(
    spec: MethodSpec, workdir: Path, request: RenderRequest
) -> list[tuple[np.ndarray, np.ndarray]]:
    """All frames of a fresh instance."""
    method: Method = load_entry(spec.entry)()
    method.load(workdir, "cpu")
    return [(np.array(f.rgb), np.array(f.alpha)) for f in method.render(request)]


def run_metric(
    metric: Metric, clip: Clip, prediction: np.ndarray, truth: np.ndarray, batch: int
) -> MetricResult:
    """Stream a clip through a metric in batches; frames are uint8 [T,H,W,3]."""
    metric.begin(clip)
    for start in range(0, len(truth), batch):
        stop = start + batch
        metric.update(FrameBatch(start, prediction[start:stop], truth[start:stop]))
    return metric.compute()


def check_metric(metric: Metric, clip: Clip, prediction: np.ndarray, truth: np.ndarray) -> None:
    """Columns, ranges, JSON, reuse of one instance, and independence of the batch size."""
    whole = run_metric(metric, clip, prediction, truth, len(truth))
    check_result(metric, whole)
    parts = run_metric(metric, clip, prediction, truth, 3)
    for name, value in whole.values.items():
        other = parts.values[name]
        same = value is None and other is None
        assert same or np.isclose(value, other, rtol=1e-4, atol=1e-6), (
            f"{name} depends on the batch size: {value} and {other}"
        )
    check_pooling(metric, [whole, parts])


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
    check_pooling(metric, [whole, again])
    for name, value in metric.pool([whole, again]).items():
        same = value == whole.values[name] or np.isclose(value, whole.values[name])
        assert same, f"{name} of a clip beside itself is {value}, not {whole.values[name]}"


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


def check_pooling(metric: Metric, results: list[MetricResult]) -> None:
    """Every column is pooled, and those that are declared means of their items are such."""
    from harness.engine.aggregation import Scored, metric_scores

    pooled = metric.pool(results)
    assert set(pooled) == {c.name for c in metric.spec.columns}, "pool() leaves columns out"
    try:
        metric_scores(metric, [Scored(str(i), "", 0, r) for i, r in enumerate(results)], 25.0)
    except BadInput as error:
        raise AssertionError(str(error)) from error


def with_frames(clip: Clip, truth: np.ndarray) -> Clip:
    """The clip with its size taken from frames uint8 [T,H,W,3]."""
    count, height, width = truth.shape[:3]
    return replace(clip, count=count, height=height, width=width)
