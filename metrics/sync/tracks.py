"""Faces followed through a scene, as run_pipeline.py of joonson/syncnet_python follows them.

Its rules are kept to the letter, two of which are accidents: a face that joins a track hides the
one after it in that frame (the list shrinks while it is read), and a gap ends the search in that
frame alone. With one face a frame neither shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: A detection joins where it overlaps the track's last one by more (intersection over union).
OVERLAP = 0.5
#: A track bridges at most this many frames from one detection to the next (num_failed_det).
MAX_GAP = 25
#: Detections a track must have more of (min_track).
MIN_TRACK = 100
#: Pixels that the mean width or height must exceed (min_face_size).
MIN_FACE = 100
#: Frames of the median filter; outside the track it reads zeros, as scipy's `medfilt` does.
MEDIAN = 13


@dataclass(frozen=True)
class Track:
    """One face in consecutive frames."""

    start: int  # first frame
    boxes: np.ndarray  # float64 [T,4], x1 y1 x2 y2 in pixels, gaps filled linearly
    detected: int  # frames among them in which the detector saw it

    def __len__(self) -> int:
        return len(self.boxes)


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two boxes [4]."""
    wide = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    high = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    both = wide * high
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def tracks_of(
    faces: Sequence[np.ndarray],
    start: int = 0,
    min_track: int = MIN_TRACK,
    min_face: float = MIN_FACE,
) -> list[Track]:
    """Tracks of one scene, by their first frame, as the reference finds them.

    Args:
        faces: boxes of each frame, float64 [K,4 or more], best first.
        start: index of the first frame.
        min_track: detections that a track must have more of.
        min_face: pixels that its mean size must exceed.

    """
    left = [list(boxes[:, :4]) for boxes in faces]
    tracks: list[Track] = []
    while True:
        found = _follow(left)
        if not found:
            return tracks
        if len(found) <= min_track:
            continue
        frames = np.array([index for index, _ in found])
        boxes = np.stack([box for _, box in found])
        every = np.arange(frames[0], frames[-1] + 1)
        filled = np.stack([np.interp(every, frames, boxes[:, k]) for k in range(4)], 1)
        if (filled[:, 2:] - filled[:, :2]).mean(0).max() > min_face:
            tracks.append(Track(start + int(frames[0]), filled, len(found)))


def _follow(left: list[list[np.ndarray]]) -> list[tuple[int, np.ndarray]]:
    """Take the next track's detections out of `left`."""
    track: list[tuple[int, np.ndarray]] = []
    for index, boxes in enumerate(left):
        k = 0
        while k < len(boxes):
            if track and index - track[-1][0] > MAX_GAP:
                break
            if not track or overlap(boxes[k], track[-1][1]) > OVERLAP:
                track.append((index, boxes.pop(k)))
            k += 1  # after a removal too: the next one has moved here and is passed over
    return track


def smoothed(track: Track) -> np.ndarray:
    """Centre and half side by frame, float64 [T,3] (x, y, s), after the median filter."""
    low, high = track.boxes[:, :2], track.boxes[:, 2:]
    raw = np.column_stack([(low + high) / 2, (high - low).max(1) / 2])
    padded = np.pad(raw, ((MEDIAN // 2, MEDIAN // 2), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, MEDIAN, 0)
    return np.median(windows, -1)
