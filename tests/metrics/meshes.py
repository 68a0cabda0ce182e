"""Small meshes for the tests of mesh metrics."""

from __future__ import annotations

import numpy as np

from harness.contracts import Clip, MeshRegions, Metric, MetricResult
from metrics import catalog


def sequence(seed: int, frames: int = 7, vertices: int = 20) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(frames, vertices, 3)).astype(np.float32)


def mesh_clip(prediction, truth=None, template=None, name="clip", **regions) -> Clip:
    vertices = prediction.shape[-2]
    lists = {"lip": range(vertices), "upper": range(vertices), "eye": range(vertices)} | regions
    indices = {key: np.array(list(value)) for key, value in lists.items()}
    signals = {"regions": MeshRegions(indices, {key: f"sha256 of {key}" for key in lists})}
    if truth is not None:
        signals["vertices"] = truth
        signals["template"] = np.zeros((vertices, 3), np.float32) if template is None else template
    silence = np.zeros(0, np.float32)
    predicted = {"vertices": prediction}
    return Clip(name, 25.0, 1, 0, 0, silence, signals=signals, predicted=predicted)


def scored(metric: str | Metric, clip: Clip) -> MetricResult:
    built = catalog.build(metric) if isinstance(metric, str) else metric
    built.begin(clip)
    return built.compute()


def values(metric: str, prediction, truth=None, **fields) -> dict:
    return scored(metric, mesh_clip(prediction, truth, **fields)).values
