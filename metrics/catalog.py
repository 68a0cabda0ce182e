"""Which metrics there are: every `SPECS` in this package, and those of installed plug-ins.

Reading the catalogue imports no torch; a metric's class is imported when it is built.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import metrics
from harness import weights as weight_files
from harness.contracts import Metric, MetricSpec, Unavailable, UnknownName

#: Optional modules -> the extra of this project that installs them.
EXTRAS = {
    "dlib": "dlib",
    "mediapipe": "video",
    "cv2": "video",
    "onnx": "emotion",
    "onnxruntime": "emotion",
}

ENTRY_POINTS = "talking_face_bench.metrics"


@cache
def _scan() -> tuple[dict[str, MetricSpec], dict[str, str]]:
    found: dict[str, MetricSpec] = {}
    for module in pkgutil.iter_modules(metrics.__path__):
        if not module.ispkg:
            for spec in getattr(importlib.import_module(f"metrics.{module.name}"), "SPECS", ()):
                if spec.id in found:
                    raise RuntimeError(f"two metrics are called {spec.id!r}")
                found[spec.id] = spec
    broken: dict[str, str] = {}
    for point in entry_points(group=ENTRY_POINTS):
        try:
            loaded = point.load()
            specs = (loaded,) if isinstance(loaded, MetricSpec) else tuple(loaded)
            for spec in specs:
                if not isinstance(spec, MetricSpec):
                    raise TypeError(f"{spec!r} is not a MetricSpec")
                if spec.id in found:
                    raise ValueError(f"the metric id {spec.id!r} is taken")
                found[spec.id] = spec
        except Exception as error:
            broken[f"{point.name} ({point.value})"] = f"{type(error).__name__}: {error}"
    return found, broken


def specs() -> dict[str, MetricSpec]:
    """All metrics by id."""
    return dict(_scan()[0])


def broken_plugins() -> dict[str, str]:
    """Plug-ins that could not be read: entry point -> error. They hide no other metric."""
    return dict(_scan()[1])


def spec(metric_id: str) -> MetricSpec:
    """The metric of that id.

    Raises:
        UnknownName: there is none; the message offers the nearest names.

    """
    known = _scan()[0]
    if metric_id not in known:
        raise UnknownName("metric", metric_id, known)
    return known[metric_id]


def installs(package: str) -> str:
    """What to tell pip for a module that a metric imports: an extra of ours where one has it."""
    extra = EXTRAS.get(package)
    return f"'talking-face-bench[{extra}]'" if extra else package


def resolve_weights(wanted: MetricSpec) -> dict[str, Path]:
    """Weight files of a metric by id.

    Raises:
        Unavailable: an optional package or a weight file is missing; says what to do.
        BadInput: a weight file is not what the registry says.

    """
    for package in wanted.packages:
        if find_spec(package) is None:
            raise Unavailable(
                f"metric {wanted.id!r}",
                f"the package {package!r} is not installed",
                f"Run `pip install {installs(package)}`.",
            )
    return {weight_id: weight_files.resolve(weight_id) for weight_id in wanted.weights}


def build(wanted: MetricSpec | str, device: str = "cpu") -> Metric:
    """An instance of a metric with its weights.

    Raises:
        UnknownName: no such metric.
        Unavailable: weights or a package are missing; a metric never runs on random weights.

    """
    chosen = spec(wanted) if isinstance(wanted, str) else wanted
    files = resolve_weights(chosen)
    module, _, name = chosen.entry.partition(":")
    return getattr(importlib.import_module(module), name)(chosen, files, device)
