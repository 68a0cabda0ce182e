"""Subject masks from MediaPipe's multiclass selfie segmenter, if its weights are present."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from harness.contracts import BadInput
from harness.media.face_landmarker import import_mediapipe, quiet_stderr
from splits.prepare.segment import FrameReader, working_scale

#: Id in metrics/weights.toml.
WEIGHTS_ID = "mediapipe-selfie-multiclass"


def selfie_masks(
    read: FrameReader,
    count: int,
    model_path: Path,
    tick: Callable[[int, int], None] = lambda done, total: None,
) -> np.ndarray:
    """How surely each pixel is subject, uint8 [T,h,w] (0..255), at GrabCut's resolution.

    The network's first class is the background; all others (hair, body and face skin,
    clothes, other) are the subject.

    Raises:
        Unavailable: mediapipe is not installed.
        BadInput: the file is not a segmenter.

    """
    mediapipe = import_mediapipe()
    vision = mediapipe.tasks.vision
    options = vision.ImageSegmenterOptions(
        base_options=mediapipe.tasks.BaseOptions(model_asset_path=str(model_path)),
        output_confidence_masks=True,
    )
    try:
        with quiet_stderr():
            segmenter = vision.ImageSegmenter.create_from_options(options)
    except (RuntimeError, ValueError) as error:
        raise BadInput(
            model_path, f"not an image segmenter ({error})", "Fetch the weights again."
        ) from error
    masks = []
    with segmenter:
        for t in range(count):
            frame = np.ascontiguousarray(read(t))
            image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=frame)
            behind = np.squeeze(segmenter.segment(image).confidence_masks[0].numpy_view())
            scale = working_scale(*frame.shape[:2])
            size = (round(frame.shape[1] * scale), round(frame.shape[0] * scale))
            small = cv2.resize(1 - behind, size, interpolation=cv2.INTER_AREA)
            masks.append(np.round(255 * np.clip(small, 0, 1)).astype(np.uint8))
            tick(t + 1, count)
    return np.stack(masks)
