"""Subject masks: what a segmentation network sees, cleaned by landmarks and time.

A network knows hair from a dark background, which colours alone do not: GrabCut
(`grabcut.subject_masks`) takes over only where no network is present.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from splits.prepare.geometry import (
    FACE_OVAL,
    HeadFrame,
    fill,
    fill_ellipse,
    head_zone,
    similarity,
    warp,
)
from splits.prepare.masks.grabcut import FrameReader, connected
from splits.prepare.masks.networks import open_segmenter

#: Frames on either side whose median a mask is: removes what flickers for a frame or two.
_NEIGHBOURS = 2

#: Face heights and widths of the ellipse around the face beyond which no head reaches.
_REACH = 1.6

#: Width of a head, from whatever side, in heights of its face.
_BROAD = 0.9


def network_masks(
    read: FrameReader,
    landmarks: np.ndarray,
    weights_id: str,
    path: Path,
    tick: Callable[[int, int], None] = lambda done, total: None,
) -> np.ndarray:
    """How surely each pixel is subject, uint8 [T,h,w] (0..255), at the network's resolution.

    Args:
        read: gives frame t, uint8 RGB [H,W,3].
        landmarks: float [T,478,2], pixels of the full frames.
        weights_id: of the network.
        path: its file.
        tick: called with (done, total) frames.

    Raises:
        Unavailable: the package that runs the network is not installed.
        BadInput: the file is not the network.

    """
    count = len(landmarks)
    raw = []
    with open_segmenter(weights_id, path) as segment:
        for t in range(count):
            raw.append(np.round(255 * segment(read(t))).astype(np.uint8))
            tick(t + 1, count)
    masks = np.stack(raw)
    points = landmarks * (masks.shape[1] / read(0).shape[0])
    cleaned = np.empty_like(masks)

    size = masks.shape[1:]

    def clean(t: int) -> None:
        near = range(max(0, t - _NEIGHBOURS), min(count, t + _NEIGHBOURS + 1))
        # A head that moves is compared where it is now, the shoulders where they are.
        moved = [warp(masks[s].astype(np.float32), similarity(points[s], points[t]), size)
                 for s in near]  # fmt: skip
        above = head_zone(points[t], *size)
        steady = np.where(above, np.median(moved, axis=0), np.median(masks[near], axis=0))
        cleaned[t] = only_subject(np.round(steady).astype(np.uint8), points[t])

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        list(pool.map(clean, range(count)))
    return cleaned


def only_subject(mask: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """The part of a soft mask uint8 [h,w] that belongs to the face, with its holes filled.

    Args:
        mask: of all people that the network saw.
        landmarks: float [478,2], pixels of the mask.

    """
    face = fill(np.zeros(mask.shape, np.uint8), landmarks[FACE_OVAL]) > 0
    kept = connected(((mask > 127) | face).astype(np.uint8), face)
    result = np.where(kept, np.maximum(mask, 128), np.minimum(mask, 127))
    result[face] = 255
    # What is not connected is somebody or something else, also its soft rim.
    near = cv2.dilate(kept.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    result[~near] = 0
    head = HeadFrame.of(landmarks)
    above = np.zeros(mask.shape, np.uint8)
    middle = head.at((head.top + head.chin) / 2, 0, 0.1)
    across = max(head.width, _BROAD * head.height)  # from the side, ears are near each other
    fill_ellipse(above, head, middle, _REACH * across, _REACH * head.height, 1)
    lowest = head.chin[1]
    rows = np.arange(mask.shape[0])[:, None] + 0.5 < lowest
    result[rows & (above == 0)] = 0
    return result.astype(np.uint8)
