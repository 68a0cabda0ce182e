"""How far apart the lips are, from landmarks alone."""

from __future__ import annotations

import numpy as np

#: Points of the inner lips' middle, and the two that a face's height is measured between, by the
#: number of landmarks: MediaPipe's mesh (hairline to chin), and iBUG's 68 (nose bridge to chin).
_POINTS = {478: (13, 14, 10, 152), 68: (62, 66, 27, 8)}


def lips_apart(landmarks: np.ndarray) -> np.ndarray:
    """Distance of the inner lips in face heights, float [...], of pixels float [...,478|68,2]."""
    upper, lower, top, chin = _POINTS[landmarks.shape[-2]]
    apart = np.linalg.norm(landmarks[..., upper, :] - landmarks[..., lower, :], axis=-1)
    return apart / np.linalg.norm(landmarks[..., top, :] - landmarks[..., chin, :], axis=-1)
