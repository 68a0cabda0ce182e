"""Landmark distance of mouth and face, centroid removed, in pixels."""

from __future__ import annotations

import numpy as np

from harness.contracts import Column, MetricResult, MetricSpec
from metrics.faces import EXTRACTORS, Faces, code_of
from metrics.pairs import FacePairs

#: Lips in iBUG order (68 points): the field's mouth region.
IBUG_MOUTH = tuple(range(48, 68))

#: MediaPipe's 40 lip landmarks: outer then inner contour (FACE_LANDMARKS_LIPS).
MP_LIPS = (
    *(61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 185, 40, 39, 37, 0, 267, 269, 270, 409),
    *(78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 191, 80, 81, 82, 13, 312, 311, 310, 415),
)


def _spec(variant: str, extractor: str, title: str, domain: str, **needs) -> MetricSpec:
    return MetricSpec(
        id=f"lmd/{variant}",
        title=title,
        entry="metrics.lmd:LMD",
        columns=(
            Column(f"lmd/{variant}", "down", "px", (0.0, None), "mouth landmark distance"),
            Column(f"lmd_face/{variant}", "down", "px", (0.0, None), "face landmark distance"),
        ),
        reference="TalkingGaussian metrics.py LMDMeter (centroid removed, mean of points, frames)",
        weights=EXTRACTORS[extractor],
        domain=domain,
        code=("metrics.pairs", *code_of(extractor)),
        options={"extractor": extractor},
        **needs,
    )


SPECS = (
    _spec("synthetic", "synthetic", "LMD (synthetic regressor, 68 points)", "synthetic"),
    _spec(
        "mp478",
        "mp",
        "Landmark distance of MediaPipe's 478 points",
        "photo",
        packages=("mediapipe",),
    ),
)


def landmark_distance(prediction: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Mean Euclidean distance of points after each set's centroid is taken away.

    Args:
        prediction: float [T,P,2], pixels.
        truth: float [T,P,2], pixels.

    Returns:
        float64 [T], pixels. It grows with the resolution: compare at one size only.

    """
    prediction, truth = np.asarray(prediction, np.float64), np.asarray(truth, np.float64)
    if prediction.shape != truth.shape or prediction.ndim != 3 or prediction.shape[-1] != 2:
        raise ValueError(f"landmarks must be [T,P,2] twice: {prediction.shape}, {truth.shape}")
    moved = prediction - prediction.mean(1, keepdims=True)
    still = truth - truth.mean(1, keepdims=True)
    return np.linalg.norm(moved - still, axis=-1).mean(1)


class LMD(FacePairs):
    """Distance of landmarks found in prediction and truth by the same detector.

    With MediaPipe's points the value is another than the field's LMD (FAN, 68 points), so the
    column never goes by that name alone.
    """

    @staticmethod
    def pick(found: Faces) -> np.ndarray:
        """Landmarks [B,P,2]."""
        return found.landmarks

    def score(self, prediction: np.ndarray, truth: np.ndarray, frames: np.ndarray) -> MetricResult:
        """Mouth and whole face of landmarks [n,P,2]."""
        mouth = list(IBUG_MOUTH if truth.shape[1] == 68 else MP_LIPS)
        mouth_name, face_name = (column.name for column in self.spec.columns)
        items = {
            mouth_name: landmark_distance(prediction[:, mouth], truth[:, mouth]),
            face_name: landmark_distance(prediction, truth),
        }
        return MetricResult(
            {name: float(scores.mean()) for name, scores in items.items()},
            len(truth),
            items=items,
            details={
                "points": truth.shape[1],
                "mouth_points": len(mouth),
                "resolution": [self._clip.height, self._clip.width],
            },
        )
