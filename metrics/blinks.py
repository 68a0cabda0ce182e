"""Blinks in a signal of lids: which frames are shut, and which runs of them are a blink."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import numpy as np

from harness.media.landmarks68 import IBUG68_VERTICES

#: Six points of an eye in iBUG order: corner, two of the upper lid, corner, two of the lower lid.
EYES = (tuple(range(36, 42)), tuple(range(42, 48)))


def eye_aspect_ratio(landmarks: np.ndarray) -> np.ndarray:
    """(|p2-p6| + |p3-p5|) / (2 |p1-p4|), mean of both eyes (Soukupova and Cech 2016).

    Args:
        landmarks: float [T,68,2] in iBUG order or [T,478,2] of MediaPipe, pixels.

    Returns:
        float64 [T], about 0.3 for an open eye; NaN where the face is not found.

    """
    ratios = []
    for eye in EYES:
        places = [IBUG68_VERTICES[i][0] for i in eye] if landmarks.shape[1] > 68 else list(eye)
        p1, p2, p3, p4, p5, p6 = np.asarray(landmarks, np.float64)[:, places].transpose(1, 0, 2)
        height = np.linalg.norm(p2 - p6, axis=-1) + np.linalg.norm(p3 - p5, axis=-1)
        ratios.append(height / (2 * np.linalg.norm(p1 - p4, axis=-1)))
    return np.mean(ratios, 0)


@dataclass(frozen=True)
class Blinks:
    """Blinks of one side of a clip."""

    durations: tuple[int, ...]  # frames shut, of blinks seen from before their start to their end
    cut: int  # blinks whose start, middle or end was not seen: counted, without a duration
    short: int  # runs of fewer frames than a blink needs, not counted

    @property
    def count(self) -> int:
        """All blinks."""
        return len(self.durations) + self.cut


def find_blinks(shut: np.ndarray, frames: np.ndarray, min_frames: int) -> Blinks:
    """Blinks in the frames that were seen.

    A run of shut frames is one blink, also across a gap of frames that failed: lids shut on both
    sides of a gap are not two blinks. Where such a gap or an end of the clip touches the run,
    its length is unknown, and it is counted without a duration.

    Args:
        shut: bool [n], of the frames that were seen.
        frames: int [n], their numbers, increasing.
        min_frames: seen frames that a blink takes at least.

    """
    durations, cut, short, start = [], 0, 0, 0
    for is_shut, run in groupby(shut.tolist()):
        size = len(list(run))
        stop = start + size
        if is_shut and size < min_frames:
            short += 1
        elif is_shut:
            # With one more frame on either side, a run that was wholly seen has no gap at all.
            around = frames[max(start - 1, 0) : stop + 1]
            whole = len(around) == size + 2 and around[-1] - around[0] == size + 1
            durations += [size] if whole else []
            cut += not whole
        start = stop
    return Blinks(tuple(durations), cut, short)
