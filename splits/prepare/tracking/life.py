"""Is it a person, or a picture or statue of one? A face that speaks opens its mouth or blinks."""

from __future__ import annotations

import numpy as np

from harness.lipsync.lips import lips_apart

#: How far apart inner lips and lids move, in face heights, between the 2nd and 98th percentile.
#: People who speak for three seconds: lips 0.064 and more; pictures before a moving camera:
#: lips 0.029 and lids 0.020 at most (rendered people and real ones, ten pictures).
_LIPS, _LIDS = 0.045, 0.025

#: Frames below which a person may well keep still.
_FEWEST = 50


def openings(landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distances of inner lips and of lids in face heights, float [T] each, of [T,478,2]."""
    height = np.linalg.norm(landmarks[:, 10] - landmarks[:, 152], axis=1)
    right, left = (
        np.linalg.norm(landmarks[:, a] - landmarks[:, b], axis=1) / height
        for a, b in ((159, 145), (386, 374))
    )
    return lips_apart(landmarks), (right + left) / 2


def _range(values: np.ndarray) -> float:
    low, high = np.percentile(values, (2, 98))
    return float(high - low)


def is_still(landmarks: np.ndarray) -> bool:
    """Whether neither mouth nor lids of a face ever move, float [T,478,2]."""
    lips, lids = openings(landmarks)
    return len(landmarks) >= _FEWEST and _range(lips) < _LIPS and _range(lids) < _LIDS


def is_mute(landmarks: np.ndarray) -> bool:
    """Whether its mouth never opens or shuts, though it may blink."""
    return len(landmarks) >= _FEWEST and _range(openings(landmarks)[0]) < _LIPS
