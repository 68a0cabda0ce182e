"""Square crops around a moving face, smoothed in time while frames stream by."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from metrics.common.resample import cv2_resize

#: Frames of the median filter over box centre and size (run_pipeline.py of syncnet_python).
MEDIAN = 13
#: A box is carried at most this far over frames without a face (num_failed_det).
MAX_GAP = 25
#: How far the reference's crop reaches beyond the box, of the box's half side.
SCALE = 0.4
#: Grey outside the frame (run_pipeline.py).
PAD_VALUE = 110


@dataclass(frozen=True)
class Box:
    """A square face box in pixels: centre and half side."""

    x: float
    y: float
    half: float


def face_box(landmarks: np.ndarray) -> Box:
    """Square box around landmarks float [P,2], half side half of the longer extent."""
    low, high = landmarks.min(0), landmarks.max(0)
    x, y = (low + high) / 2
    return Box(float(x), float(y), float((high - low).max() / 2))


def reference_crop(frame: np.ndarray, box: Box, size: int) -> np.ndarray:
    """The reference's crop: rows y-s..y+1.8s, columns x-1.4s..x+1.4s, resized.

    Args:
        frame: uint8 [H,W,3].
        box: the face; s is its half side.
        size: side of the result in pixels.

    Returns:
        uint8 [size,size,3], bilinear as OpenCV computes it, grey 110 where it leaves the frame.

    Raises:
        ValueError: nothing of the frame or its padding lies in the crop.

    """
    s = box.half
    pad = int(s * (1 + 2 * SCALE))
    padded = np.pad(frame, ((pad, pad), (pad, pad), (0, 0)), constant_values=PAD_VALUE)
    x, y = box.x + pad, box.y + pad
    top, bottom = max(int(y - s), 0), int(y + s * (1 + 2 * SCALE))
    left, right = max(int(x - s * (1 + SCALE)), 0), int(x + s * (1 + SCALE))
    crop = padded[top:bottom, left:right]
    if 0 in crop.shape:
        raise ValueError(f"the box {box} lies outside the frame {frame.shape[:2]}")
    return cv2_resize(crop, (size, size))


def mouth_box(landmarks: np.ndarray) -> Box:
    """Box around the mouth of 68 landmarks float [68,2], its size from the whole face.

    The face's size does not change when the mouth opens, so neither does the crop's.
    """
    centre = landmarks[48:68].mean(0)
    spread = np.sqrt(np.square(landmarks - landmarks.mean(0)).sum(1).mean())
    return Box(float(centre[0]), float(centre[1]), float(0.6 * spread))


def bilinear_crop(frame: np.ndarray, box: Box, size: int) -> np.ndarray:
    """The box's content, float32 [size,size,3] in 0..1, edge pixels repeated outside.

    The frame is sampled at sub-pixel places, after it was reduced where the box has more
    pixels than the crop.
    """
    import torch
    import torch.nn.functional as F

    x = torch.from_numpy(np.array(frame)).permute(2, 0, 1)[None].float() / 255
    height, width = frame.shape[:2]
    reduction = 2 * box.half / size
    if reduction > 1:
        to = (max(round(height / reduction), 1), max(round(width / reduction), 1))
        x = F.interpolate(x, to, mode="bilinear", antialias=True, align_corners=False)
    steps = (torch.arange(size, dtype=torch.float32) + 0.5) / size * 2 - 1
    across = (box.x + steps * box.half) / width * 2 - 1
    down = (box.y + steps * box.half) / height * 2 - 1
    grid = torch.stack([across[None, :].expand(size, size), down[:, None].expand(size, size)], -1)[
        None
    ]
    sampled = F.grid_sample(x, grid, padding_mode="border", align_corners=False)
    return sampled[0].permute(1, 2, 0).numpy()


class BoxSmoother:
    """Holds back at most six frames until the median of their box is known.

    Frames without a box keep their place: they take the last box for at most `MAX_GAP` frames
    and come out with None after that, or where no box was seen yet.
    """

    def __init__(self) -> None:
        self._frames: deque[np.ndarray] = deque()
        self._boxes: deque[Box | None] = deque()  # of past and waiting frames
        self._past = 0  # how many of them are past
        self._last: Box | None = None
        self._gap = 0

    def push(self, frame: np.ndarray, box: Box | None) -> Iterator[tuple[np.ndarray, Box | None]]:
        """Take the next frame; yield those whose smoothed box is now known, in order."""
        self._gap = 0 if box is not None else self._gap + 1
        self._last = box or (self._last if self._gap <= MAX_GAP else None)
        self._frames.append(frame)
        self._boxes.append(self._last)
        if len(self._frames) > MEDIAN // 2:
            yield self._pop()

    def flush(self) -> Iterator[tuple[np.ndarray, Box | None]]:
        """The frames still held back, at the sequence's end."""
        while self._frames:
            yield self._pop()

    def _pop(self) -> tuple[np.ndarray, Box | None]:
        half = MEDIAN // 2
        around = list(self._boxes)[max(self._past - half, 0) : self._past + half + 1]
        own = self._boxes[self._past]
        known = [(b.x, b.y, b.half) for b in around if b is not None]
        smoothed = None if own is None else Box(*map(float, np.median(known, axis=0)))
        if self._past == half:
            self._boxes.popleft()
        else:
            self._past += 1
        return self._frames.popleft(), smoothed
