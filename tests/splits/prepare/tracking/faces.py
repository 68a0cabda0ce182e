"""Faces made of points, for tests that need no landmarker."""

import numpy as np
from scipy.spatial.transform import Rotation

from harness.media.face_landmarker import FaceDetection

NAMES = tuple(f"shape{i}" for i in range(52))


def face(x=100.0, y=100.0, size=60.0, lips=0.0, lids=0.04, yaw=0.0, pitch=0.0, roll=0.0):
    """A face of height `size` pixels around (x, y); openings in face heights, angles in degrees."""
    rng = np.random.default_rng(0)
    points = rng.uniform(-0.45, 0.45, (478, 2))
    points[10], points[152] = (0, -0.5), (0, 0.5)
    points[13], points[14] = (0, 0.2), (0, 0.2 + lips)
    points[159], points[145] = (-0.2, -0.1), (-0.2, -0.1 + lids)
    points[386], points[374] = (0.2, -0.1), (0.2, -0.1 + lids)
    pose = np.eye(4)
    pose[:3, :3] = Rotation.from_euler("YXZ", (yaw, pitch, roll), degrees=True).as_matrix()
    landmarks = (points * size + [x, y]).astype(np.float32)
    return FaceDetection(landmarks, np.zeros(478), np.zeros(52), NAMES, pose.astype(np.float32))


def talking(t, **where):
    """The face of somebody who speaks and blinks, in frame `t`."""
    return face(lips=0.05 + 0.05 * np.sin(t), lids=0.0 if t % 20 == 7 else 0.04, **where)


class Landmarker:
    """Sees in frame t what a function of t says."""

    def __init__(self, see):
        self._see, self._frame = see, -1

    def detect_all(self, frame):
        self._frame += 1
        return self._see(self._frame)
