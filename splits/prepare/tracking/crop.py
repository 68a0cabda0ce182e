"""The static square that is cut out around a face's whole track."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from harness.contracts import BadInput

#: Side of the square, in heights of the face's whole track: head, neck and shoulders, the
#: framing of AD-NeRF's videos.
_MARGIN = 1.9


@dataclass(frozen=True)
class Crop:
    """A static box in the source frame and the size it is brought to, pixels."""

    left: int
    top: int
    height: int
    width: int
    out_height: int
    out_width: int

    def apply(self, frame: np.ndarray) -> np.ndarray:
        """Cut out and shrink uint8 RGB [H,W,3], averaging over area (no aliasing)."""
        part = frame[self.top : self.top + self.height, self.left : self.left + self.width]
        if (self.out_height, self.out_width) == (self.height, self.width):
            return np.ascontiguousarray(part)
        return cv2.resize(part, (self.out_width, self.out_height), interpolation=cv2.INTER_AREA)

    def points(self, landmarks: np.ndarray) -> np.ndarray:
        """Source pixels float [...,2] in pixels of the result, float32."""
        scale = np.array([self.out_width / self.width, self.out_height / self.height])
        return ((landmarks - [self.left, self.top]) * scale).astype(np.float32)

    def overlaps(self, low: np.ndarray, high: np.ndarray) -> bool:
        """Whether the source box between two corners float [2] reaches into this one."""
        first, last = np.array([self.left, self.top]), np.array([self.width, self.height])
        return bool((high > first).all() and (low < first + last).all())


def check_crop(size: int | None, crop: str) -> None:
    """Refuse what no video could make right, before a minute is spent on one.

    Raises:
        BadInput: a size too small or odd; an unknown way to crop.

    """
    if crop not in ("auto", "none"):
        raise BadInput(f"--crop {crop}", "not a way to crop", "Use auto or none.")
    if size is not None and (size < 64 or size % 2):
        raise BadInput(f"--size {size}", "not an even number of at least 64", "Use 256 or 512.")


def extent(landmarks: np.ndarray) -> float:
    """Longer side in pixels of the box around a face's whole track, float [T,478,2]."""
    return float(np.ptp(landmarks, axis=(0, 1)).max())


def choose_crop(
    video: Path,
    landmarks: np.ndarray,
    height: int,
    width: int,
    size: int | None,
    crop: str,
    largest: float | None = None,
) -> Crop:
    """The static box for a whole sequence.

    Args:
        video: named in errors.
        landmarks: float [T,478,2] in source pixels.
        height: of the source, pixels.
        width: of the source, pixels.
        size: side of the result (its shorter side with `crop="none"`), or None to keep pixels.
        crop: `auto`, a square around the face's track; `none`, the whole frame.
        largest: the largest `extent` of all sequences of a subject, which have one scale, each
            box around its own track; None for a sequence by itself.

    Raises:
        BadInput: a size larger than the box (pixels are not invented), too small, or odd.

    """
    check_crop(size, crop)
    if crop == "none":
        left, top, box_h, box_w = 0, 0, height // 2 * 2, width // 2 * 2
    else:
        low, high = landmarks.min((0, 1)), landmarks.max((0, 1))
        reach = (high - low).max() if largest is None else largest
        side = int(min(height, width, np.ceil(_MARGIN * reach))) // 2 * 2
        x, y = (low + high) / 2
        left = int(np.clip(round(x - side / 2), 0, width - side))
        top = int(np.clip(round(y - side / 2), 0, height - side))
        box_h = box_w = side
    shorter = min(box_h, box_w)
    if size is None:
        return Crop(left, top, box_h, box_w, box_h, box_w)
    if size > shorter:
        raise BadInput(
            video,
            f"the face's box is {shorter} pixels wide, smaller than --size {size}",
            f"Use --size {shorter} or less: enlarging would invent pixels.",
        )
    scale = size / shorter
    return Crop(left, top, box_h, box_w, round(box_h * scale / 2) * 2, round(box_w * scale / 2) * 2)
