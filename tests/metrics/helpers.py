"""Sequences and frames for the tests of metrics."""

from __future__ import annotations

import numpy as np

from harness.contracts import Clip, FeatureCache, FrameBatch, Masks, Metric, MetricResult


def noise_frames(seed: int, count: int, height: int = 32, width: int = 32) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, height, width, 3), dtype=np.uint8)


def make_clip(
    count: int,
    height: int = 32,
    width: int = 32,
    *,
    head: np.ndarray | None = None,
    audio: np.ndarray | None = None,
    **fields,
) -> Clip:
    signals = {} if head is None else {"masks": Masks(head.astype(np.uint8))}
    if audio is None:
        audio = np.zeros(count * 640, np.float32)
    return Clip("clip", 25.0, count, height, width, audio, signals=signals, **fields)


def run(
    metric: Metric, clip: Clip, prediction: np.ndarray, truth: np.ndarray, batch: int = 4
) -> MetricResult:
    metric.begin(clip)
    for start in range(0, len(truth), batch):
        stop = start + batch
        metric.update(FrameBatch(start, prediction[start:stop], truth[start:stop], FeatureCache()))
    return metric.compute()
