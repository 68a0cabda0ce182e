"""Faces found in a batch of frames, once for all metrics that look at them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import numpy as np

from harness.contracts import Failure, FrameBatch

if TYPE_CHECKING:
    from harness.media.face_landmarker import FaceLandmarker
    from metrics.backbones.synthetic_face import FaceNet

#: Extractor -> the weights id it looks through.
EXTRACTORS = {"synthetic": "synthetic-face", "mp": "mediapipe-face-landmarker"}

#: Order of the synthetic expression; the first 20 are action units with full scale 5.
SYNTHETIC_NAMES = (
    *(f"AU{n:02d}" for n in (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 18, 20, 22, 23, 24, 25, 26)),
    "AU45",
    *("jaw", "tongue", "gaze_yaw", "gaze_pitch"),
)
ACTION_UNITS = SYNTHETIC_NAMES[:20]


@dataclass(frozen=True)
class Faces:
    """Faces of B frames of one side; rows of frames without a face are NaN."""

    landmarks: np.ndarray  # float64 [B,P,2], pixels, x right, y down, centres at +0.5
    expression: np.ndarray  # float64 [B,E]
    reasons: tuple[str | None, ...]  # why a frame has no face: a `Failure.type`

    @property
    def found(self) -> np.ndarray:
        """Where there is exactly one face, bool [B]."""
        return np.array([reason is None for reason in self.reasons], bool)


class Detector:
    """What finds faces: an extractor with its weights. Shared by all metrics that hold it."""

    def __init__(self, extractor: str, path: Path, device: str) -> None:
        self.extractor = extractor
        self._look = face_net(path, device) if extractor == "synthetic" else landmarker(path)

    def find(self, frames: np.ndarray) -> Faces:
        """Faces of uint8 RGB [B,H,W,3]."""
        look = synthetic_faces if self.extractor == "synthetic" else mp_faces
        return look(self._look, frames)


#: Weak, so that MediaPipe's threads end with the last metric and not after the interpreter.
_OPEN: WeakValueDictionary[tuple[str, Path, str], Detector] = WeakValueDictionary()


def open_detector(extractor: str, weights: Mapping[str, Path], device: str = "cpu") -> Detector:
    """The detector of an extractor; one for all who hold it at the same time.

    Args:
        extractor: "synthetic" (68 landmarks, 24 controls) or "mp" (478 landmarks, 52 blendshapes).
        weights: files by id, with `EXTRACTORS[extractor]` among them.
        device: where a network runs.

    """
    key = extractor, weights[EXTRACTORS[extractor]], device
    detector = _OPEN.get(key)
    if detector is None:
        detector = _OPEN[key] = Detector(*key)
    return detector


def faces(batch: FrameBatch, side: str, detector: Detector) -> Faces:
    """Faces of one side of a batch; computed once, whichever metric asks first.

    Args:
        batch: the frames.
        side: "prediction" or "truth".
        detector: what finds them.

    """
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


@cache
def face_net(path: Path, device: str) -> FaceNet:
    """The synthetic face regressor, read once."""
    from metrics.backbones.load import load_into, read_state
    from metrics.backbones.synthetic_face import FaceNet

    return load_into(FaceNet(), read_state(path), path, device)


def landmarker(path: Path) -> FaceLandmarker:
    """MediaPipe's landmarker."""
    from harness.media.face_landmarker import FaceLandmarker

    return FaceLandmarker(path)


def synthetic_faces(net: FaceNet, frames: np.ndarray) -> Faces:
    """Faces of uint8 RGB [B,H,W,3] as the synthetic regressor sees them."""
    import torch

    from metrics.backbones.synthetic_face import fit_square, look_twice

    device = next(net.parameters()).device
    with torch.inference_mode():
        picture, scale, corner = fit_square(frames, str(device))
        output = look_twice(net, picture)
    landmarks = output.landmarks.double().cpu().numpy() * scale + np.array(corner)
    expression = output.expression.double().cpu().numpy()
    present = output.presence.cpu().numpy() > 0
    landmarks[~present], expression[~present] = np.nan, np.nan
    return Faces(landmarks, expression, tuple(None if p else "no_face" for p in present))


def mp_faces(detector: FaceLandmarker, frames: np.ndarray) -> Faces:
    """Faces of uint8 RGB [B,H,W,3] as MediaPipe sees them, frame by frame."""
    from harness.media.face_landmarker import NoFace, SeveralFaces

    landmarks = np.full((len(frames), 478, 2), np.nan)
    expression = np.full((len(frames), 52), np.nan)
    reasons: list[str | None] = []
    for i, frame in enumerate(frames):
        try:
            face = detector.detect(frame)
        except NoFace:
            reasons.append("no_face")
        except SeveralFaces:
            reasons.append("several_faces")
        else:
            landmarks[i], expression[i] = face.landmarks, face.blendshapes
            reasons.append(None)
    return Faces(landmarks, expression, tuple(reasons))


def action_units(expression: np.ndarray) -> np.ndarray:
    """FACS intensities float64 [T,20] in 0..5 of synthetic expressions [T,24]."""
    return (expression[:, : len(ACTION_UNITS)] * 5.0).clip(0.0, 5.0)
