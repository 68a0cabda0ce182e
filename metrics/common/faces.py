"""Faces found in a batch of frames, once for all metrics that look at them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from harness.contracts import Failure, FrameBatch
from metrics.common.shared import shared

#: Extractor (a module of `metrics.detectors`) -> the weights ids it looks through, in order.
EXTRACTORS: Mapping[str, tuple[str, ...]] = {
    "synthetic": ("synthetic-face",),
    "mp": ("mediapipe-face-landmarker",),
    "fan": ("s3fd-fan", "fan-2d4"),
    "dlib68": ("dlib-landmarks",),
}

#: Extractor -> the optional packages that it imports.
_PACKAGES: Mapping[str, tuple[str, ...]] = {"mp": ("mediapipe",), "dlib68": ("dlib", "cv2")}

#: Extractor -> its module. Names in full: a metric's code is found by reading imports.
_MODULES: Mapping[str, Callable[[], ModuleType]] = {
    "synthetic": lambda: import_module("metrics.detectors.synthetic"),
    "mp": lambda: import_module("metrics.detectors.mp"),
    "fan": lambda: import_module("metrics.detectors.fan"),
    "dlib68": lambda: import_module("metrics.detectors.dlib68"),
}


def needs(extractor: str) -> dict[str, Any]:
    """What a spec declares for an extractor: weights, packages, domain."""
    return {
        "weights": EXTRACTORS[extractor],
        "packages": _PACKAGES.get(extractor, ()),
        "domain": "synthetic" if extractor == "synthetic" else "photo",
    }


@dataclass(frozen=True)
class Faces:
    """Faces of B frames of one side; rows of frames without a face are NaN."""

    landmarks: np.ndarray  # float64 [B,P,2], pixels, x right, y down, centres +0.5 (fan, dlib: 0)
    expression: np.ndarray  # float64 [B,E]
    reasons: tuple[str | None, ...]  # why a frame has no face: a `Failure.type`
    ignored: np.ndarray | None = None  # int64 [B], further faces too small to count

    @property
    def found(self) -> np.ndarray:
        """Where there is exactly one face, bool [B]."""
        return np.array([reason is None for reason in self.reasons], bool)


class Detector:
    """What finds faces: an extractor with its weights. Shared by all metrics that hold it."""

    def __init__(self, extractor: str, files: tuple[Path, ...], device: str) -> None:
        self.extractor = extractor
        module = _MODULES[extractor]()
        self._look = module.open_extractor(files, device)
        #: What a reviewer asks of the detector, for `MetricResult.details`.
        self.details: Mapping[str, str] = getattr(module, "DETAILS", {})

    def find(self, frames: np.ndarray) -> Faces:
        """Faces of uint8 RGB [B,H,W,3]."""
        return self._look(frames)


def open_detector(extractor: str, weights: Mapping[str, Path], device: str = "cpu") -> Detector:
    """The detector of an extractor; one for all who hold it at the same time.

    Args:
        extractor: "synthetic" (68 landmarks, 24 controls), "mp" (478 landmarks, 52
            blendshapes), "fan" or "dlib68" (68 landmarks, no expression).
        weights: files by id, with all of `EXTRACTORS[extractor]` among them.
        device: where a network runs.

    """
    files = tuple(weights[name] for name in EXTRACTORS[extractor])
    return shared(Detector, extractor, files, device)


def faces(batch: FrameBatch, side: str, detector: Detector) -> Faces:
    """Faces of one side, "prediction" or "truth", of a batch; computed once for all metrics."""
    key = f"faces/{detector.extractor}/{side}"
    return batch.cache.get(key, lambda: detector.find(getattr(batch, side)))


def failures(found: Faces, side: str, start: int) -> list[Failure]:
    """A typed failure for every frame without exactly one face."""
    words = {"no_face": "no face was found", "several_faces": "several faces were found"}
    return [
        Failure(reason, f"{words[reason]} in the {side}", start + i)
        for i, reason in enumerate(found.reasons)
        if reason
    ]
