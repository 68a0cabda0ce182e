"""S3FD as SyncNet's pipeline calls it: on frames reduced to a quarter."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.contracts import FrameBatch
from metrics.common.resample import cv2_resize
from metrics.common.shared import shared

if TYPE_CHECKING:
    from metrics.backbones.s3fd import S3FD

#: By which frames are reduced before the detector sees them (facedet_scale).
SCALE = 0.25
#: Probability above which a box is a face.
CONFIDENCE = 0.9


def open_s3fd(path: Path, device: str = "cpu") -> S3FD:
    """The detector with its weights; one for all who hold it at the same time."""
    from metrics.backbones.s3fd import SYNC, load_s3fd

    return shared(load_s3fd, path, SYNC, device)


def detect(net: S3FD, frames: np.ndarray) -> list[np.ndarray]:
    """Faces of uint8 RGB [B,H,W,3]: per frame float64 [K,5], pixels of the full frame."""
    from metrics.backbones.s3fd_boxes import find_faces

    small = np.stack([cv2_resize(frame, SCALE) for frame in frames])
    # Boxes are fractions of the small frame; its sides are rounded, so the factors differ.
    height, width = frames.shape[1] / small.shape[1], frames.shape[2] / small.shape[2]
    factors = np.array([width, height, width, height, 1])
    return [boxes * factors for boxes in find_faces(net, small, CONFIDENCE)]


def predicted_faces(batch: FrameBatch, net: S3FD) -> list[np.ndarray]:
    """Faces in the prediction of a batch; computed once, whichever metric asks first."""
    return batch.cache.get("s3fd-sync/prediction", lambda: detect(net, batch.prediction))
