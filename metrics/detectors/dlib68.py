"""dlib's frontal face detector and 68-point shape predictor, as evaluation_eat uses them.

Source: yuangan/evaluation_eat `test_lmd.py`, `get_lmk`: grey image, no up-sampling, the
first face of the list. Its frames come from imageio and are RGB, and are made grey as if they
were BGR, so red and blue exchange their weights; that is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from harness.contracts import BadInput
from metrics.common.faces import Faces

DETAILS = {
    "detector": "dlib frontal face detector (HOG), no up-sampling, the first face",
    "landmarker": "dlib shape predictor, 68 points, whole pixels",
    "grey": "OpenCV BGR2GRAY of RGB frames, as the reference makes it",
}


def open_extractor(files: tuple[Path, ...], device: str) -> Callable[[np.ndarray], Faces]:
    """A function from uint8 RGB [B,H,W,3] to faces: 68 landmarks, no expression.

    Coordinates are dlib's: whole numbers, 0 for the first pixel.

    Raises:
        BadInput: the file is not a shape predictor of 68 points.

    """
    import dlib

    try:
        predictor = dlib.shape_predictor(str(files[0]))
    except RuntimeError as error:
        raise BadInput(
            files[0], f"it is not a dlib shape predictor ({error})", "Unpack the .bz2 again."
        ) from error
    detector = dlib.get_frontal_face_detector()
    return lambda frames: dlib_faces(detector, predictor, frames)


def dlib_faces(detector: Any, predictor: Any, frames: np.ndarray) -> Faces:
    """Faces of uint8 RGB [B,H,W,3]; a further face is ignored, as the reference does."""
    import cv2

    landmarks = np.full((len(frames), 68, 2), np.nan)
    reasons: list[str | None] = []
    ignored = np.zeros(len(frames), np.int64)
    for i, frame in enumerate(frames):
        grey = cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_BGR2GRAY)
        boxes = detector(grey, 0)
        reasons.append(None if len(boxes) else "no_face")
        ignored[i] = max(len(boxes) - 1, 0)
        if len(boxes):
            points = predictor(grey, boxes[0]).parts()
            landmarks[i] = [(point.x, point.y) for point in points]
    return Faces(landmarks, np.zeros((len(frames), 0)), tuple(reasons), ignored)
