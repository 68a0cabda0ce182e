"""Scoring: one pass over a prediction and its ground truth, for all metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import methodcaller
from pathlib import Path
from typing import Any

import numpy as np

from harness.contracts import (
    Clip,
    Failure,
    FeatureCache,
    FrameBatch,
    Metric,
    MetricResult,
    MetricSpec,
    Progress,
)
from harness.engine.cells import archive
from harness.files.arrays import read_arrays
from harness.weights import digests


def rendered_clip(
    render_folder: Path, truth_folder: Path, timing: Mapping[str, Any] | None
) -> Clip:
    """An archived prediction beside its archived ground truth, as metrics see it."""
    meta, truth_meta = archive.read_meta(render_folder), archive.read_meta(truth_folder)
    return Clip(
        id=f"{meta['method']}/{meta['drive']}/{meta['sequence']}",
        fps=truth_meta["fps"],
        count=truth_meta["count"],
        height=truth_meta["height"],
        width=truth_meta["width"],
        audio=archive.read_audio(render_folder / "audio.wav"),
        domain=truth_meta["domain"],
        signals=archive.read_signals(truth_folder, truth_meta["count"]),
        timing=timing,
    )


def rendered_frames(
    render_folder: Path, truth_folder: Path
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Aligned frames of two archives, in batches."""
    return archive.batches(
        archive.open_frames(render_folder / "frames.zip"),
        archive.open_frames(truth_folder / "frames.zip"),
    )


def stream(
    metrics: list[Metric],
    clip: Clip,
    batches: Iterable[tuple[int, np.ndarray, np.ndarray]],
    progress: Progress,
) -> list[MetricResult | Exception]:
    """Pass a clip's frames, (start, prediction, truth) in order, to all metrics.

    The exception of a metric is kept and does not affect the others. An exception of the batches
    ends the pass.
    """
    outcome: list[MetricResult | Exception | None] = [None] * len(metrics)

    def attempt(index: int, work: Callable[[Metric], MetricResult | None]) -> None:
        if outcome[index] is None:
            try:
                outcome[index] = work(metrics[index])
            except Exception as error:
                outcome[index] = error

    for index in range(len(metrics)):
        attempt(index, methodcaller("begin", clip))
    for start, predicted, true in batches:
        batch = FrameBatch(start, predicted, true, FeatureCache())
        for index in range(len(metrics)):
            attempt(index, methodcaller("update", batch))
        progress("score", start + len(true), clip.count)
    for index in range(len(metrics)):
        attempt(index, methodcaller("compute"))
    return [result for result in outcome if result is not None]


def store_result(
    spec: MetricSpec, result: MetricResult, folder: Path, record: dict[str, Any]
) -> None:
    """Store a metric's values, items and features in its cell, with the weights' sha256."""
    record["values"] = result.values
    record["n"] = result.n
    record["failures"] = [vars(failure) for failure in result.failures]
    record["warnings"] = result.warnings
    record["details"] = {**result.details, "weights": digests(spec.weights)}
    items = {name.replace("/", "|"): values for name, values in result.items.items()}
    for file, arrays in (("items.npz", items), ("features.npz", result.features)):
        if arrays:
            np.savez_compressed(folder / file, **arrays)  # type: ignore[arg-type]  # not allow_pickle


def stored_result(folder: Path, record: dict[str, Any]) -> MetricResult:
    """Read what `store_result` stored.

    Raises:
        BadInput: one of its files is damaged.
    """

    def arrays(name: str) -> dict[str, np.ndarray]:
        if not (folder / name).is_file():
            return {}
        with archive.legible(folder / name):
            found = read_arrays(folder / name, finite=False)
        return {key.replace("|", "/"): value for key, value in found.items()}

    with archive.legible(folder / "cell.json"):
        return MetricResult(
            values=record["values"],
            n=record["n"],
            items=arrays("items.npz"),
            failures=[Failure(**failure) for failure in record["failures"]],
            warnings=record["warnings"],
            details=record["details"],
            features=arrays("features.npz"),
        )
