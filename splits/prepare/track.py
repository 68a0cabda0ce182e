"""The face in every frame, and the square that is cut out around it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from harness.contracts import BadInput
from harness.media.face_landmarker import FaceLandmarker

#: Side of the square, in heights of the face's whole track: head, neck and shoulders, the
#: framing of AD-NeRF's videos.
_CROP_MARGIN = 1.9

#: A face that moves by more than this share of its height between frames was cut.
_JUMP = 0.6

#: Another picture of the face: the square around it, at this many pixels a side, differs from the
#: frame before by more grey levels, and by more times what is usual. Speech and nods give at most
#: 12 levels on real videos; another person in the same place 25 or more.
_SIDE, _LEVELS, _TIMES = 24, 20.0, 6.0


@dataclass(frozen=True)
class FaceTrack:
    """One face in every frame of a sequence; pixels of the frames given."""

    landmarks: np.ndarray  # float32 [T,478,2], pixel centres at +0.5
    depth: np.ndarray  # float32 [T,478]
    blendshapes: np.ndarray  # float32 [T,52] in [0,1]
    names: tuple[str, ...]


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


def track_face(
    video: Path,
    frames: Iterable[np.ndarray],
    count: int,
    landmarker: FaceLandmarker,
    tick: Callable[[int, int], None] = lambda done, total: None,
    fps: float = 25.0,
) -> FaceTrack:
    """Find the one face in each of `count` frames, uint8 RGB [H,W,3].

    Raises:
        BadInput: a frame without a face, with several, or a cut; says which and how many.

    """
    faces, none, several = [], [], []
    looks: list[np.ndarray] = []
    for t, frame in enumerate(frames):
        found = landmarker.detect_all(frame)
        if not found:
            none.append(t)
        elif len(found) > 1:
            several.append(t)
        faces += found[:1]
        looks += [_look(frame, face.landmarks) for face in found[:1]]
        tick(t + 1, count)
    when = lambda t: f"frame {t} ({t / fps:.2f} s)"  # noqa: E731
    if len(none) == count:
        raise BadInput(video, f"no face in any of its {count} frames", "Film a frontal face.")
    if several:
        raise BadInput(
            video,
            f"several faces in {len(several)} of {count} frames, first in {when(several[0])}",
            "Cut the video to one subject, in time or in the frame.",
        )
    if none:
        raise BadInput(
            video,
            f"no face in {len(none)} of {count} frames, first in {when(none[0])}",
            "Cut the video so that the face is visible from beginning to end.",
        )
    landmarks = np.stack([f.landmarks for f in faces])
    centres, height = landmarks.mean(1), np.ptp(landmarks[..., 1], axis=1).mean()
    step = np.linalg.norm(np.diff(centres, axis=0), axis=1)
    if len(step) and step.max() > _JUMP * height:
        t = int(step.argmax()) + 1
        raise BadInput(
            video,
            f"the face jumps by {step.max():.0f} pixels at {when(t)}: a cut, or another subject",
            "Cut the video to one continuous sequence.",
        )
    change = np.abs(np.diff(np.stack(looks), axis=0)).mean((1, 2))
    if len(change) and change.max() > max(_LEVELS, _TIMES * np.median(change)):
        t = int(change.argmax()) + 1
        raise BadInput(
            video,
            f"the face looks different from {when(t)} on: a cut, or another subject",
            "Cut the video to one continuous sequence of one subject.",
        )
    return FaceTrack(
        landmarks=landmarks,
        depth=np.stack([f.depth for f in faces]),
        blendshapes=np.stack([f.blendshapes for f in faces]),
        names=faces[0].names,
    )


def _look(frame: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """The face in grey levels, float32 [_SIDE,_SIDE], wherever in the frame it is."""
    low, high = landmarks.min(0), landmarks.max(0)
    height, width = frame.shape[:2]
    left, top = np.clip(np.floor(low), 0, [width - 2, height - 2]).astype(int)
    right, bottom = np.clip(np.ceil(high), [left + 2, top + 2], [width, height]).astype(int)
    face = cv2.cvtColor(np.ascontiguousarray(frame[top:bottom, left:right]), cv2.COLOR_RGB2GRAY)
    return cv2.resize(face, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)


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
        side = int(min(height, width, np.ceil(_CROP_MARGIN * reach))) // 2 * 2
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
