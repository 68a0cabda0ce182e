"""MediaPipe and networks that tests can hold: a face wherever a frame is not dark."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from harness.contracts import Metric
from harness.media.face_landmarker import NoFace, SeveralFaces
from harness.plugins import load_entry
from metrics import catalog

#: Eyes, nose and mouth of MediaPipe's landmarks in a frame of 128 pixels.
FIVE = {468: (46, 50), 473: (80, 52), 1: (62, 70), 61: (49, 88), 291: (77, 90)}


def face(shift: float = 0.0) -> np.ndarray:
    """478 landmarks of a face in a frame of 128 pixels, float64 [478,2]."""
    rng = np.random.default_rng(11)
    points = rng.uniform((22.4, 20.6), (101.7, 113.2), (478, 2))
    for index, place in FIVE.items():
        points[index] = place
    return points + shift


class Landmarker:
    """A face in frames that are not dark, two where the first pixel is white."""

    def __init__(self) -> None:
        self.asked = 0

    def detect(self, frame: np.ndarray) -> SimpleNamespace:
        self.asked += 1
        if frame.max() < 10:
            raise NoFace
        if (frame[0, 0] == 255).all():
            raise SeveralFaces(2)
        landmarks = face(frame[0, 0, 0] / 64)
        return SimpleNamespace(landmarks=landmarks, blendshapes=np.zeros(52))


def build(metric_id: str, weights_id: str, path: Path) -> Metric:
    """A metric with a network of its own and a landmarker that is a stand-in."""
    spec = catalog.spec(metric_id)
    files = {weights_id: path, "mediapipe-face-landmarker": path.parent / "stand-in.task"}
    return load_entry(spec.entry)(spec, files)


def frames(seed: int, count: int) -> np.ndarray:
    """Smooth images that differ from frame to frame, uint8 [count,128,128,3]."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:128, :128] / 128
    pictures = []
    for _ in range(count):
        a, b, c, d = rng.uniform(1, 9, 4)
        waves = [np.sin(a * x + b * y + k) * np.cos(c * y - d * k * x) for k in range(3)]
        pictures.append(128 + 100 * np.stack(waves, -1))
    return np.array(pictures).clip(11, 250).astype(np.uint8)


@pytest.fixture
def landmarker(monkeypatch) -> Landmarker:
    """The stand-in in MediaPipe's place."""
    stand_in = Landmarker()
    monkeypatch.setattr("harness.media.face_landmarker.FaceLandmarker", lambda path: stand_in)
    return stand_in
