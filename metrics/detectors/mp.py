"""MediaPipe's face landmarker as a detector."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from metrics.common.faces import Faces

if TYPE_CHECKING:
    from harness.media.face_landmarker import FaceLandmarker


def open_extractor(files: tuple[Path, ...], device: str) -> Callable[[np.ndarray], Faces]:
    """A function from uint8 RGB [B,H,W,3] to faces: 478 landmarks, 52 blendshapes."""
    from harness.media.face_landmarker import FaceLandmarker

    detector = FaceLandmarker(files[0])
    return lambda frames: mp_faces(detector, frames)


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
