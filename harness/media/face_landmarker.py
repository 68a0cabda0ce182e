"""MediaPipe's Face Landmarker: 478 landmarks, 52 blendshapes and a head pose per frame.

Every frame is processed by itself (IMAGE mode): the result depends neither on earlier frames
nor on the number of workers.
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
import threading
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from harness.contracts import BadInput, HarnessError, Unavailable

#: Id in metrics/weights.toml of the model bundle.
WEIGHTS_ID = "mediapipe-face-landmarker"


#: Sides of the squares of a second and third look, as shares of the frame's longer side.
_SHARES = (0.55, 0.3)


class NoFace(HarnessError):
    """No face was found in a frame."""

    def __init__(self, subject: object = "picture") -> None:
        super().__init__(f"{subject}: no face was found. The face must be visible and frontal.")


class SeveralFaces(HarnessError):
    """More than one face was found in a frame; `count` is their number."""

    def __init__(self, count: int, subject: object = "picture") -> None:
        self.count = count
        super().__init__(f"{subject}: {count} faces were found. Crop the video to one face.")


@dataclass(frozen=True)
class FaceDetection:
    """One face in one frame."""

    landmarks: np.ndarray  # float32 [478,2], pixels, x right, y down, pixel centres at +0.5
    depth: np.ndarray  # float32 [478], pixels-like, smaller is nearer to the camera
    blendshapes: np.ndarray  # float32 [52] in [0,1]: the expression basis `mp52`
    names: tuple[str, ...]  # of the blendshapes; the first is `_neutral`
    pose: np.ndarray  # float32 [4,4], canonical face (cm) to MediaPipe's own virtual camera


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Mute file descriptor 2: MediaPipe's C++ logs there before any flag can stop it."""
    sys.stderr.flush()
    saved = os.dup(2)
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(sink)
        os.close(saved)


def import_mediapipe() -> Any:
    """The mediapipe package.

    Raises:
        Unavailable: it is not installed; states the command.

    """
    try:
        with quiet_stderr():
            import mediapipe
            import mediapipe.tasks.python.vision
    except ImportError as error:
        raise Unavailable(
            "the face landmarker",
            f"the package mediapipe cannot be imported ({error})",
            'Run `pip install -e ".[video]"` in the checkout.',
        ) from error
    return mediapipe


def close_before_threads_end(landmarker: FaceLandmarker) -> None:
    """Close a landmarker that is still open when the interpreter ends.

    mediapipe closes its graph on a thread pool, and pools are gone before `atexit` runs.
    `threading._register_atexit` is what `concurrent.futures` itself uses.
    """
    reference = weakref.ref(landmarker)

    def close() -> None:
        if (still_open := reference()) is not None:
            still_open.close()

    threading._register_atexit(close)  # type: ignore[attr-defined]  # private, so not in the stub


def squares(height: int, width: int) -> list[tuple[int, int, int]]:
    """Overlapping squares (top, left, side) that cover a frame: larger first, then the middle."""
    return [place for share in _SHARES for place in _squares(height, width, share)]


def _squares(height: int, width: int, share: float) -> list[tuple[int, int, int]]:
    side = min(round(share * max(height, width)), height, width)
    tops, lefts = (
        np.linspace(0, size - side, 1 + math.ceil(2 * (size - side) / side)).round().astype(int)
        for size in (height, width)
    )
    places = [(int(top), int(left)) for top in tops for left in lefts]
    middle = (height - side) / 2, (width - side) / 2
    places.sort(key=lambda place: (math.dist(place, middle), place))
    return [(top, left, side) for top, left in places]


class FaceLandmarker:
    """The landmarker as a context manager.

    Args:
        model_path: the `face_landmarker.task` bundle.
        num_faces: how many faces to look for; 2 suffices to detect that there are several.
        min_confidence: detections below it are not faces, in [0,1].

    Raises:
        Unavailable: mediapipe is not installed.
        BadInput: the bundle is missing or not a landmarker model.

    """

    def __init__(self, model_path: Path, num_faces: int = 2, min_confidence: float = 0.5) -> None:
        self._mediapipe = import_mediapipe()
        tasks = self._mediapipe.tasks
        path = Path(model_path)
        if not path.is_file():
            raise BadInput(
                path, "no such file", f"Run `python -m harness weights fetch {WEIGHTS_ID}`."
            )
        options = tasks.vision.FaceLandmarkerOptions(
            base_options=tasks.BaseOptions(model_asset_path=str(path)),
            output_face_blendshapes=True,
            output_facial_transformation_matrixes=True,
            num_faces=num_faces,
            min_face_detection_confidence=min_confidence,
        )
        try:
            with quiet_stderr():
                self._task = tasks.vision.FaceLandmarker.create_from_options(options)
                self._run(np.zeros((64, 64, 3), np.uint8))  # the graph logs when it first runs
        except (RuntimeError, ValueError) as error:
            raise BadInput(
                path, f"not a face landmarker bundle ({error})", "Fetch the weights again."
            ) from error
        close_before_threads_end(self)

    def __enter__(self) -> FaceLandmarker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the model; the landmarker cannot be used afterwards. May be called again."""
        task, self._task = self._task, None
        if task is not None:
            task.close()

    def _run(self, rgb: np.ndarray) -> Any:
        image = self._mediapipe.Image(
            image_format=self._mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(rgb)
        )
        return self._task.detect(image)

    def detect_all(self, rgb: np.ndarray) -> list[FaceDetection]:
        """All faces (at most `num_faces`) of a frame uint8 RGB [H,W,3], possibly none.

        The network looks for faces that fill a good part of the frame. Where it finds none, it
        looks again at overlapping squares, in which a small face is larger.
        """
        if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
            raise TypeError(f"expected uint8 RGB [H,W,3], not {rgb.dtype} {list(rgb.shape)}")
        if faces := self._faces(rgb):
            return faces
        for top, left, side in squares(*rgb.shape[:2]):
            if faces := self._faces(rgb[top : top + side, left : left + side]):
                shift = np.array([left, top], np.float32)
                return [replace(face, landmarks=face.landmarks + shift) for face in faces]
        return []

    def _faces(self, rgb: np.ndarray) -> list[FaceDetection]:
        height, width = rgb.shape[:2]
        result = self._run(rgb)
        faces = []
        for points, shapes, pose in zip(
            result.face_landmarks,
            result.face_blendshapes,
            result.facial_transformation_matrixes,
            strict=True,
        ):
            xyz = np.array([(p.x * width, p.y * height, p.z * width) for p in points], np.float32)
            faces.append(
                FaceDetection(
                    landmarks=xyz[:, :2],
                    depth=xyz[:, 2],
                    blendshapes=np.array([s.score for s in shapes], np.float32),
                    names=tuple(s.category_name for s in shapes),
                    pose=np.asarray(pose, np.float32),
                )
            )
        return faces

    def detect(self, rgb: np.ndarray, subject: object = "picture") -> FaceDetection:
        """The only face of a frame uint8 RGB [H,W,3]; `subject` names it in errors.

        Raises:
            NoFace: none was found.
            SeveralFaces: more than one was found.

        """
        faces = self.detect_all(rgb)
        if not faces:
            raise NoFace(subject)
        if len(faces) > 1:
            raise SeveralFaces(len(faces), subject)
        return faces[0]


__all__ = [
    "WEIGHTS_ID",
    "FaceDetection",
    "FaceLandmarker",
    "NoFace",
    "SeveralFaces",
    "import_mediapipe",
    "quiet_stderr",
]
