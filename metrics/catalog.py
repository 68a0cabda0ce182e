"""Which metrics there are: every `SPECS` in this package, and those of installed plug-ins.

Reading the catalogue imports no torch; a metric's class is imported when it is built.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import metrics
from harness import weights as weight_files
from harness.contracts import Metric, MetricSpec, Unavailable
from harness.plugins import Problem, collect, load_entry, look_up

#: Optional modules -> the extra of this project that installs them.
EXTRAS = {
    "dlib": "dlib",
    "mediapipe": "video",
    "cv2": "video",
    "onnx": "emotion",
    "onnxruntime": "emotion",
}

GROUP = "talking_face_bench.metrics"


def _modules() -> Iterator[str]:
    """Modules that may hold `SPECS`: a file a metric, or `specs.py` of its folder."""
    root = Path(metrics.__file__).parent
    for path in sorted([*root.glob("[!_]*.py"), *root.glob("*/specs.py")]):
        yield ".".join(("metrics", *path.relative_to(root).with_suffix("").parts))


@cache
def _discover() -> tuple[dict[str, MetricSpec], list[Problem]]:
    own = [spec for name in _modules() for spec in getattr(import_module(name), "SPECS", ())]
    return collect(MetricSpec, GROUP, own, _specs_of)


def _specs_of(value: Any) -> Iterable[Any]:
    """An entry point holds one spec, or several."""
    return (value,) if isinstance(value, MetricSpec) else value


def specs() -> dict[str, MetricSpec]:
    """All metrics by id."""
    return _discover()[0]


def problems() -> list[Problem]:
    """Plug-ins that could not be loaded."""
    return _discover()[1]


def spec(metric_id: str) -> MetricSpec:
    """The metric of that id.

    Raises:
        BadInput: a plug-in of that name could not be loaded.
        UnknownName: there is none; the message offers the nearest names.

    """
    return look_up("metric", metric_id, specs(), problems())


def users_of(entry: weight_files.WeightEntry) -> tuple[str, ...]:
    """What needs a weight file: parts of the program, then metrics by id."""
    ids = [one.id for one in specs().values() if entry.id in one.weights]
    return (*filter(None, [entry.also_for]), *sorted(ids))


def installs(package: str) -> str:
    """Arguments of `pip install` for a module that a metric imports, in our checkout."""
    extra = EXTRAS.get(package)
    return f"-e '.[{extra}]'" if extra else package


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
    return load_entry(chosen.entry)(chosen, files, device)
