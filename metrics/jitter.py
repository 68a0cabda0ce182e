"""Landmark jitter: the mean acceleration of facial landmarks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from harness.contracts import Clip, Failure, FrameBatch, Metric, MetricResult, MetricSpec
from metrics.common.faces import faces, failures, needs, open_detector
from metrics.common.second_difference import second_difference, three_columns, three_values


def _spec(variant: str, extractor: str, title: str) -> MetricSpec:
    return MetricSpec(
        id=f"jitter/{variant}",
        title=f"Landmark jitter ({title})",
        entry="metrics.jitter:Jitter",
        columns=three_columns("jitter", variant, "px/s^2", "landmark jitter"),
        reference="no standard: mean norm of the second difference of landmarks, times fps^2",
        formula="fps^2 * mean over frames t and points p of ||x(t+1,p) - 2 x(t,p) + x(t-1,p)||; "
        "error = |prediction's - truth's|",
        traps=(
            "In pixels: it grows with the resolution, so compare only at the same size.",
            "Multiplied by fps^2: detector noise, which does not shrink with the frame interval, "
            "weighs more at higher frame rates.",
            "Head motion is not removed, and both sides contain detector noise: compare with the "
            "ground truth's value; a still image scores 0.",
            "Detectors that track from frame to frame smooth their landmarks; here every frame is "
            "processed independently.",
        ),
        **needs(extractor),
        options={"extractor": extractor},
    )


SPECS = (
    _spec("synthetic", "synthetic", "synthetic regressor, 68 points"),
    _spec("mp478", "mp", "MediaPipe, 478 points"),
    _spec("fan68", "fan", "FAN, 68 points"),
)


class Jitter(Metric):
    """Mean norm of the landmarks' second difference, in pixels per second squared.

    Keeps the landmarks of two frames between batches. A frame without a face on either side
    leaves no value at itself and at its two neighbours, on both sides.
    """

    def __init__(self, spec: MetricSpec, weights: Mapping[str, Path], device: str = "cpu") -> None:
        super().__init__(spec, weights, device)
        self.extractor: str = spec.options["extractor"]

    def begin(self, clip: Clip) -> None:
        """Start a sequence; the detector is opened at the first one."""
        self._detector = open_detector(self.extractor, self.weights, self.device)
        self._clip = clip
        self._last: np.ndarray | None = None  # float64 [2,<=2,P,2]: sides, last frames
        self._norms: list[np.ndarray] = []  # float64 [2,k] each, px per frame^2
        self._failures: list[Failure] = []
        self._ignored: dict[str, int] = {}  # side -> further faces too small to count
        self._count = self._seen = self._points = 0

    def update(self, batch: FrameBatch) -> None:
        """Add the second differences that the next frames complete."""
        sides = []
        for side in ("prediction", "truth"):
            found = faces(batch, side, self._detector)
            self._failures += failures(found, side, batch.start)
            sides.append(np.asarray(found.landmarks, np.float64))
            if found.ignored is not None:
                self._ignored[side] = self._ignored.get(side, 0) + int(found.ignored.sum())
        points = np.stack(sides)
        both = np.isfinite(points).all((0, 2, 3))
        points[:, ~both] = np.nan
        self._count += len(batch.truth)
        self._seen += int(both.sum())
        self._points = points.shape[2]
        if self._last is not None:
            points = np.concatenate([self._last, points], 1)
        self._last = points[:, -2:]
        change = np.stack([second_difference(side) for side in points])
        self._norms.append(np.linalg.norm(change, axis=-1).mean(-1))

    def compute(self) -> MetricResult:
        """Average over the frames that have both neighbours."""
        norms = np.concatenate(self._norms, 1) if self._norms else np.zeros((2, 0))
        norms = norms * self._clip.fps**2
        own, true = (np.pad(side, 1, constant_values=np.nan) for side in norms)
        details: dict[str, object] = {
            "extractor": self.extractor,
            "points": self._points,
            "resolution": [self._clip.height, self._clip.width],
            "fps": self._clip.fps,
            "n_frames": self._seen,
            "n_refused": self._count - self._seen,
            **self._detector.details,
        }
        if self._ignored:
            details["n_small_faces_ignored"] = self._ignored
        return three_values(self.spec, own, true, self._failures, details)
