"""Segmentation networks of MediaPipe: how surely each pixel of a frame is the subject."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from harness.contracts import Unavailable
from harness.files.reading import checked_file, reading
from harness.media.face_landmarker import import_mediapipe, quiet_stderr

#: Ids in metrics/weights.toml: person against background, and six classes of it.
SELFIE, MULTICLASS = "mediapipe-selfie", "mediapipe-selfie-multiclass"

#: Pixels of a side of what the networks see and give.
SIDE = 256

#: Frame uint8 RGB [H,W,3] -> float32 [h,w] in 0..1, at the network's own size.
Segmenter = Callable[[np.ndarray], np.ndarray]


@contextmanager
def open_segmenter(weights_id: str, path: Path) -> Iterator[Segmenter]:
    """A network that segments frames.

    Args:
        weights_id: `SELFIE` or `MULTICLASS`.
        path: its file.

    Raises:
        Unavailable: the package that runs it is not installed.
        BadInput: the file is not this network.

    """
    if weights_id == SELFIE:
        yield _selfie(path)
        return
    mediapipe = import_mediapipe()
    vision = mediapipe.tasks.vision
    options = vision.ImageSegmenterOptions(
        base_options=mediapipe.tasks.BaseOptions(model_asset_path=str(checked_file(path))),
        output_confidence_masks=True,
    )
    with reading(path, "image segmenter", "Fetch the weights again."), quiet_stderr():
        network = vision.ImageSegmenter.create_from_options(options)

    def segment(frame: np.ndarray) -> np.ndarray:
        # Its first class is the background; hair, skin, clothes and other are the subject.
        image = mediapipe.Image(
            image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(frame)
        )
        behind = np.squeeze(network.segment(image).confidence_masks[0].numpy_view())
        return _shrunk(np.asarray(1 - behind, np.float32), SIDE)

    with network:
        yield segment


def _selfie(path: Path) -> Segmenter:
    """Person against background, 256 x 256 -> 256 x 256; the file has no metadata for MediaPipe."""
    try:
        with quiet_stderr():
            from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise Unavailable(
            "the selfie segmenter",
            f"the package ai-edge-litert cannot be imported ({error})",
            'Run `pip install -e ".[video]"` in the checkout.',
        ) from error
    cure = "Fetch the weights again."
    with reading(checked_file(path), "LiteRT model", cure), quiet_stderr():
        network = Interpreter(model_path=str(path), num_threads=1)
        network.allocate_tensors()
        (given,), (made,) = network.get_input_details(), network.get_output_details()
        shapes = [list(one["shape"]) for one in (given, made)]
        if shapes != [[1, SIDE, SIDE, 3], [1, SIDE, SIDE, 1]]:
            raise ValueError(f"it takes and gives {shapes}")

    def segment(frame: np.ndarray) -> np.ndarray:
        small = cv2.resize(frame, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        network.set_tensor(given["index"], small[None].astype(np.float32) / 255)
        network.invoke()
        found = np.clip(network.get_tensor(made["index"])[0, ..., 0], 0, 1)
        height, width = frame.shape[:2]
        scale = min(1.0, SIDE / max(height, width))
        size = (round(width * scale), round(height * scale))
        return cv2.resize(found, size, interpolation=cv2.INTER_AREA).astype(np.float32)

    return segment


def _shrunk(mask: np.ndarray, side: int) -> np.ndarray:
    scale = min(1.0, side / max(mask.shape))
    size = (round(mask.shape[1] * scale), round(mask.shape[0] * scale))
    return cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
