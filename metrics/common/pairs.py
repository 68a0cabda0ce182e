"""A metric of face features of the prediction beside those of the truth."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np

from harness.contracts import Clip, Failure, FrameBatch, Metric, MetricResult, MetricSpec
from metrics.common.faces import EXTRACTORS, Detector, Faces, faces, failures, open_detector
from metrics.common.numerics import spread

SIDES = ("prediction", "truth")


class FacePairs(Metric):
    """Keeps one feature vector per frame and side; a frame that fails leaves both sides.

    A subclass says which feature (`pick`, or `look` where it needs the pixels) and what is made
    of the pairs (`score`).
    """

    #: Type and words of the failure where a face was found but its feature is NaN.
    no_feature: ClassVar[tuple[str, str]] = ("nan", "gives no finite feature")

    _detector: Detector  # held, so that `open_detector` gives the same one at every sequence

    def __init__(self, spec: MetricSpec, weights: Mapping[str, Path], device: str = "cpu") -> None:
        super().__init__(spec, weights, device)
        self.extractor: str = spec.options["extractor"]

    def pick(self, found: Faces) -> np.ndarray:
        """The feature of a face, float64 [B,...]; NaN where there is none."""
        raise NotImplementedError("say which feature: `pick` or `look`")

    def look(self, batch: FrameBatch, side: str, found: Faces) -> np.ndarray:
        """The feature of one side's faces, float [B,...]; NaN where there is none."""
        return self.pick(found)

    @abc.abstractmethod
    def score(self, prediction: np.ndarray, truth: np.ndarray, frames: np.ndarray) -> MetricResult:
        """Score the frames that both sides have: features float64 [n,...], frames int64 [n]."""

    def begin(self, clip: Clip) -> None:
        """Start a sequence; the detector is opened at the first one."""
        self._detector = open_detector(self.extractor, self.weights, self.device)
        self._clip = clip
        self._features: dict[str, list[np.ndarray]] = {side: [] for side in SIDES}
        self._found: list[np.ndarray] = []
        self._failures: list[Failure] = []
        self._ignored: dict[str, int] = {}

    def update(self, batch: FrameBatch) -> None:
        """Look for the face in the next frames."""
        both = np.ones(len(batch.truth), bool)
        kind, words = self.no_feature
        for side in SIDES:
            found = faces(batch, side, self._detector)
            feature = self.look(batch, side, found)
            finite = np.isfinite(feature.reshape(len(feature), -1)).all(1)
            self._features[side].append(feature)
            self._failures += failures(found, side, batch.start)
            self._failures += [
                Failure(kind, f"the face of the {side} {words}", batch.start + i)
                for i in np.flatnonzero(found.found & ~finite).tolist()
            ]
            both &= found.found & finite
            if found.ignored is not None:
                self._ignored[side] = self._ignored.get(side, 0) + int(found.ignored.sum())
        self._found.append(both)

    def compute(self) -> MetricResult:
        """Score the frames in which both faces were found; the others are failures."""
        both = np.concatenate(self._found) if self._found else np.zeros(0, bool)
        if not both.any():
            self._failures.append(
                Failure("no_frames", "no frame has a face in both prediction and ground truth")
            )
            values = dict.fromkeys(column.name for column in self.spec.columns)
            return MetricResult(values, 0, failures=self._failures)
        prediction, truth = (np.concatenate(self._features[side])[both] for side in SIDES)
        result = self.score(prediction, truth, np.flatnonzero(both))
        for name, scores in result.items.items():
            result.items[name] = spread(scores, both, len(both))
        result.failures = self._failures + result.failures
        result.details |= {
            "extractor": self.extractor,
            "n_frames": int(both.sum()),
            "n_refused": int((~both).sum()),
            **(self._detector.details if self.extractor in EXTRACTORS else {}),
        }
        if self._ignored:
            result.details["n_small_faces_ignored"] = self._ignored
        return result
