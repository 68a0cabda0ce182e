"""Landmark distance of mouth and face, centroid removed, in pixels."""

from __future__ import annotations

import numpy as np

from harness.contracts import Column, MetricResult, MetricSpec
from metrics.common.faces import Faces, needs
from metrics.common.numerics import mean_result
from metrics.common.pairs import FacePairs

#: Lips in iBUG order (68 points): the field's mouth region.
IBUG_MOUTH = tuple(range(48, 68))

#: MediaPipe's 40 lip landmarks: outer then inner contour (FACE_LANDMARKS_LIPS).
MP_LIPS = (
    *(61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 185, 40, 39, 37, 0, 267, 269, 270, 409),
    *(78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 191, 80, 81, 82, 13, 312, 311, 310, 415),
)


FORMULA = "mean_t mean_i |(p_ti - mean_j p_tj) - (q_ti - mean_j q_tj)|, i and j over one region"

#: What holds of every variant.
_TRAPS = (
    "Not normalised by the size of the face: the value grows with the resolution, so compare only "
    "at the same size (papers use 512 x 512).",
    "Each region is centred on its own centroid, so head position does not count; roll and "
    "distance from the camera do.",
    "One of 20 lip points moving by d counts 0.095 d, not 0.05 d, because it also moves the "
    "centroid.",
    "facial-animation-evaluation's LMD is mean |a - b| per coordinate, not a Euclidean distance.",
)
_FAN_TRAPS = (
    "face-alignment truncates landmarks to whole pixels: a smaller difference scores either 0 or "
    "1 px per point.",
    "The reference takes the last face of the list, S3FD's least confident one; here a frame with "
    "several large faces is a failure, and faces smaller than a quarter of the largest are "
    "ignored (`n_small_faces_ignored`). With a single face both agree.",
    "A frame without a face aborts the reference's script; here it is a counted failure.",
    "face-alignment 1.3 to 1.4.1 loads a different file (2DFAN4-cd938726ad.zip, TorchScript) from "
    "1.5.0 (2DFAN4-11f355bf06.pth.tar); its default flip_input=True differs from LMDMeter's False.",
    "LMDMeter's default backend is dlib, whose points differ: only its `fan` values are "
    "comparable.",
    "M-LMD and F-LMD (evaluation_eat test_lmd.py) apply the same formula to the mouth and to all "
    "68 points, with dlib's landmarks: see `m_lmd/dlib68`.",
)
_EAT_TRAPS = (
    "The formula is that of `lmd/fan68`; only the landmarks differ.",
    "The original script runs on aligned 256 x 256 crops; on whole frames the pixel scale differs.",
    "It converts RGB frames to grey as if they were BGR; so does this.",
    "It averages over the frames with a face; so does this, and the others are counted failures.",
    "It pairs frames by index and may stop at frame 96; here unequal lengths are refused.",
    "dlib's points are whole pixels. The 68-point model is for research only: its training data "
    "(iBUG 300-W) exclude commercial use.",
)


def _spec(
    variant: str,
    extractor: str,
    title: str,
    traps: tuple[str, ...],
    names: tuple[str, str] = ("lmd", "lmd_face"),
    reference: str = "TalkingGaussian metrics.py LMDMeter (centroid removed, mean of points, "
    "frames)",
) -> MetricSpec:
    mouth, face = (f"{name}/{variant}" for name in names)
    return MetricSpec(
        id=mouth,
        title=title,
        entry="metrics.lmd:LMD",
        columns=(
            Column(mouth, "down", "px", (0.0, None), "mouth landmark distance"),
            Column(face, "down", "px", (0.0, None), "face landmark distance"),
        ),
        reference=reference,
        formula=FORMULA,
        traps=(*_TRAPS, *traps),
        **needs(extractor),
        options={"extractor": extractor},
    )


SPECS = (
    _spec("fan68", "fan", "LMD (S3FD and FAN of face-alignment, 68 points)", _FAN_TRAPS),
    _spec(
        "dlib68",
        "dlib68",
        "M-LMD and F-LMD (dlib, 68 points)",
        _EAT_TRAPS,
        ("m_lmd", "f_lmd"),
        "yuangan/evaluation_eat test_lmd.py, get_lmd",
    ),
    _spec(
        "synthetic",
        "synthetic",
        "LMD (synthetic regressor, 68 points)",
        ("The points are those of this project's own regressor, for rendered heads only.",),
    ),
    _spec(
        "mp478",
        "mp",
        "Landmark distance of MediaPipe's 478 points",
        (
            "MediaPipe's points are not FAN's: 40 for the mouth instead of 20, 478 for the face "
            "instead of 68. Not comparable with any published LMD.",
            "MediaPipe's landmarks have sub-pixel precision and are smoothed by the network's "
            "face model.",
        ),
    ),
)


def landmark_distance(prediction: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Mean Euclidean distance of points after each set's centroid is taken away.

    Of landmarks float [T,P,2] on both sides: float64 [T], in pixels. It grows with the
    resolution: compare at one size only.
    """
    prediction, truth = np.asarray(prediction, np.float64), np.asarray(truth, np.float64)
    if prediction.shape != truth.shape or prediction.ndim != 3 or prediction.shape[-1] != 2:
        raise ValueError(f"landmarks must be [T,P,2] twice: {prediction.shape}, {truth.shape}")
    moved = prediction - prediction.mean(1, keepdims=True)
    still = truth - truth.mean(1, keepdims=True)
    return np.linalg.norm(moved - still, axis=-1).mean(1)


class LMD(FacePairs):
    """Distance of landmarks found in prediction and truth by the same detector.

    The field's LMD is `fan68`. With other points the value is another, so a column never goes
    by that name alone.
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
        return mean_result(
            items,
            details={
                "points": truth.shape[1],
                "mouth_points": len(mouth),
                "centring": "each region by its own centroid",
                "resolution": [self._clip.height, self._clip.width],
            },
        )
