"""face-alignment's detector: S3FD finds the face, FAN its 68 landmarks.

Equal to `FaceAlignment(TWO_D, flip_input=False, face_detector="sfd").get_landmarks` of
face-alignment 1.5.0 on a frame in which S3FD finds one face. Its callers (`LMDMeter` of
TalkingGaussian and ER-NeRF) take the last face of the list, which is the least probable one;
here further faces count unless they are small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from metrics.common.faces import Faces

if TYPE_CHECKING:
    from metrics.backbones.fan import FAN
    from metrics.backbones.s3fd import S3FD

#: A further face is ignored below this part of the largest one's area: S3FD takes ears, hands
#: and patterns for small faces now and then.
SMALL = 0.25
#: Pixels of frames that S3FD, and crops that FAN, look at together.
PIXELS, CROPS = 1 << 18, 4

DETAILS = {
    "detector": "S3FD as in face-alignment: whole frame, probability > 0.5, NMS 0.3",
    "landmarker": "FAN(4) 2D, flip_input=False, crop of (width + height) / 195 * 200 px",
    "landmark_grid": "whole pixels, as face-alignment rounds them (towards zero)",
    "several_faces": f"faces of at least {SMALL:g} of the largest one's area count",
}


def open_extractor(files: tuple[Path, ...], device: str) -> Callable[[np.ndarray], Faces]:
    """A function from uint8 RGB [B,H,W,3] to faces: 68 landmarks, no expression.

    The landmarks keep face-alignment's coordinates, which others build on (Deep3DFaceRecon's
    alignment among them): whole numbers, 0 for the first pixel, so its centre is at 0.

    Args:
        files: S3FD's and FAN's weights.
        device: where the networks run.

    """
    from metrics.backbones.fan import load_fan
    from metrics.backbones.s3fd import FAN as PROTOCOL
    from metrics.backbones.s3fd import load_s3fd

    detector, net = load_s3fd(files[0], PROTOCOL, device), load_fan(files[1], device)
    return lambda frames: fan_faces(detector, net, frames)


def fan_faces(detector: S3FD, net: FAN, frames: np.ndarray) -> Faces:
    """Faces of uint8 RGB [B,H,W,3]."""
    from metrics.backbones.s3fd_boxes import find_faces

    boxes: list[np.ndarray] = []
    for part in _parts(frames, max(PIXELS // (frames.shape[1] * frames.shape[2]), 1)):
        boxes += find_faces(detector, part)
    return look_at(net, frames, boxes)


def look_at(net: FAN, frames: np.ndarray, boxes: list[np.ndarray]) -> Faces:
    """Landmarks of the face in each frame of uint8 RGB [B,H,W,3].

    Boxes are, per frame, float [K,5]: x1, y1, x2, y2 in pixels, probability.
    """
    import torch

    from metrics.backbones import fan_points

    reasons: list[str | None] = []
    crops, places, rows = [], [], []
    ignored = np.zeros(len(frames), np.int64)
    for i, (frame, found) in enumerate(zip(frames, boxes, strict=True)):
        reason, face, ignored[i] = choose(found)
        place = None if face is None else fan_points.place_of(face)
        if place is None or (crop := fan_points.crop(frame, place)) is None:
            reasons.append(reason or "no_face")  # a box beside the frame holds no face
            continue
        reasons.append(None)
        crops.append(crop)
        places.append(place)
        rows.append(i)
    landmarks = np.full((len(frames), 68, 2), np.nan)
    if rows:
        device = next(net.parameters()).device
        with torch.inference_mode():
            heatmaps = [
                net(fan_points.to_input(part).to(device)).cpu().numpy()
                for part in _parts(crops, CROPS)
            ]
        landmarks[rows] = fan_points.landmarks(np.concatenate(heatmaps), places)
    return Faces(landmarks, np.zeros((len(frames), 0)), tuple(reasons), ignored)


def choose(boxes: np.ndarray) -> tuple[str | None, np.ndarray | None, int]:
    """The one face among boxes float [K,4+]; why there is none; how many small ones were left."""
    if not len(boxes):
        return "no_face", None, 0
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    large = area >= SMALL * area.max()
    if large.sum() > 1:
        return "several_faces", None, int((~large).sum())
    return None, boxes[area.argmax()], len(boxes) - 1


def _parts(items: np.ndarray | list[np.ndarray], size: int) -> Iterator[Any]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
