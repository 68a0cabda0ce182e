"""Faces as if a detector had found them, fed to a metric in batches."""

from __future__ import annotations

import numpy as np
from helpers import make_clip, noise_frames

from harness.contracts import Clip, FeatureCache, FrameBatch, Metric, MetricResult
from harness.plugins import load_entry
from metrics import catalog
from metrics.common.faces import Faces


def faces_of(landmarks=None, expression=None, lost=()) -> Faces:
    """Faces of T frames; frames in `lost` have none."""
    given = landmarks if landmarks is not None else expression
    count = len(given)
    landmarks = np.zeros((count, 68, 2)) if landmarks is None else np.array(landmarks, float)
    expression = np.zeros((count, 24)) if expression is None else np.array(expression, float)
    lost = list(lost)
    landmarks[lost] = expression[lost] = np.nan
    return Faces(
        landmarks, expression, tuple("no_face" if t in lost else None for t in range(count))
    )


def build(metric_id: str, monkeypatch) -> Metric:
    """A metric whose detector is never asked, because the faces are in the cache already."""
    spec = catalog.spec(metric_id)
    for module in ("metrics.common.pairs", "metrics.jitter"):
        monkeypatch.setattr(f"{module}.open_detector", lambda extractor, *_: Blind(extractor))
    return load_entry(spec.entry)(spec, {}, "cpu")


class Blind:
    """A detector by name alone."""

    def __init__(self, extractor: str) -> None:
        self.extractor, self.details = extractor, {}

    def find(self, frames):
        raise AssertionError("the faces are in the cache")


def run_faces(
    metric: Metric, prediction: Faces, truth: Faces, batch: int = 4, clip: Clip | None = None
) -> MetricResult:
    """Stream faces of both sides through a metric."""
    count = len(truth.reasons)
    metric.begin(clip or make_clip(count, 8, 8))
    extractor = metric.spec.options["extractor"]
    for start in range(0, count, batch):
        part = slice(start, start + batch)
        cache = FeatureCache()
        for side, whole in (("prediction", prediction), ("truth", truth)):
            piece = Faces(whole.landmarks[part], whole.expression[part], whole.reasons[part])
            cache.get(f"faces/{extractor}/{side}", lambda piece=piece: piece)
        frames = noise_frames(0, len(range(count)[part]), 8, 8)
        metric.update(FrameBatch(start, frames, frames, cache))
    return metric.compute()
