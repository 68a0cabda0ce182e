"""Speed of rendering, from the record that the time stage wrote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.contracts import (
    PER_SEQUENCE,
    BadInput,
    Clip,
    Column,
    Failure,
    FrameBatch,
    Metric,
    MetricResult,
    MetricSpec,
)


def _column(name: str, direction: str, unit: str, summary: str) -> Column:
    return Column(name, direction, unit, (0.0, None), summary, PER_SEQUENCE)


SPECS = (
    MetricSpec(
        id="fps",
        title="Render speed",
        entry="metrics.fps:FPS",
        columns=(
            _column("fps/render", "up", "frames/s", "1000 / mean frame time"),
            _column("latency_ms/median", "down", "ms", "median frame time"),
            _column("latency_ms/p95", "down", "ms", "95th percentile of frame time"),
        ),
        reference="one frame at a time after warm-up, as in gsplat profiling/main.py; median and "
        "p95",
        formula="fps = 1000 / mean_t d(t), latency = median_t d(t) and 95th percentile_t d(t), "
        "linear between order statistics; d in ms, frame after frame",
        traps=(
            "The rate is the inverse of the mean frame time: the mean of per-frame rates is "
            "higher, and the inverse of the median ignores slow frames.",
            "Papers time the rasterizer alone, the network alone, or whole frames: here whole "
            "frames, with the stages in the details; work before the first frame, such as "
            "encoding the audio, is reported as startup_ms.",
            "On a GPU, a time read before synchronisation is that of the launch; on any machine "
            "the first frames are slower, so warm-up frames are left out.",
            "Values from different machines, resolutions or batch sizes are not comparable; "
            "frames rendered in a batch have a higher rate and a higher latency.",
        ),
        needs_timing=True,
    ),
)

#: With fewer timed frames the 95th percentile rests on a handful of them.
FEW_FRAMES = 60


def score(frame_ms: np.ndarray) -> dict[str, float]:
    """Speed from frame times float [n] in milliseconds, linear interpolation for percentiles."""
    return {
        "fps/render": 1000.0 / float(frame_ms.mean()),
        "latency_ms/median": float(np.median(frame_ms)),
        "latency_ms/p95": float(np.percentile(frame_ms, 95)),
    }


class FPS(Metric):
    """Reads `clip.timing`: `frame_ms`, `stages_ms`, and what it was measured on.

    Frames per second are the inverse of the mean time, not the mean of inverses.
    """

    def begin(self, clip: Clip) -> None:
        """Take the sequence's timing record."""
        self._clip = clip

    def update(self, batch: FrameBatch) -> None:
        """Frames say nothing of speed."""

    def compute(self) -> MetricResult:
        """Score the record; without one there is no value.

        Raises:
            BadInput: times that are not positive and finite.

        """
        record: Mapping[str, Any] | None = self._clip.timing
        frame_ms = np.asarray((record or {}).get("frame_ms", ()), np.float64)
        if record is None or not len(frame_ms):
            failure = Failure("no_timing", "the prediction was not timed")
            values = {column.name: None for column in self.spec.columns}
            return MetricResult(values, 0, failures=[failure])
        if not (np.isfinite(frame_ms).all() and (frame_ms > 0).all()):
            raise BadInput(
                self._clip.id,
                "its frame times are not all positive and finite",
                "Run the time stage again.",
            )
        stages = {
            name: {"median": float(np.median(times)), "mean": float(np.mean(times))}
            for name, times in record.get("stages_ms", {}).items()
            if len(times)
        }
        warnings = []
        if len(frame_ms) < FEW_FRAMES:
            warnings.append(f"{len(frame_ms)} timed frames: the 95th percentile is uncertain")
        facts = {k: v for k, v in record.items() if k not in ("frame_ms", "stages_ms")}
        return MetricResult(
            score(frame_ms),
            len(frame_ms),
            warnings=warnings,
            details=facts | {"stages_ms": stages},
            features={"frame_ms": frame_ms},
        )
