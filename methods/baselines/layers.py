"""Head layers cut out of video frames: opaque inside the `head` mask, transparent elsewhere."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from harness.contracts import BadInput, MethodSpec, RenderedFrame, RenderRequest
from harness.files.pictures import opened
from harness.files.reading import reading


def head_layer(frame: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Cut the head out of a frame.

    Args:
        frame: uint8 RGB [H,W,3].
        mask: bool [H,W], True on the head.

    Returns:
        uint8 RGBA [H,W,4]; alpha is 255 on the head, and every channel is 0 elsewhere.

    """
    alpha = np.where(mask, np.uint8(255), np.uint8(0))
    return np.dstack([np.where(mask[..., None], frame, np.uint8(0)), alpha])


def rendered(layer: np.ndarray) -> RenderedFrame:
    """A stored uint8 RGBA layer (alpha 0 or 255) as the harness composites it."""
    rgba = layer.astype(np.float32) / np.float32(255)
    return RenderedFrame(rgb=np.ascontiguousarray(rgba[..., :3]), alpha=rgba[..., 3].copy())


def opaque(frame: np.ndarray) -> RenderedFrame:
    """A whole frame, uint8 [H,W,3], that covers the plate; composites to the same uint8 values."""
    rgb = frame.astype(np.float32) / np.float32(255)
    return RenderedFrame(rgb=rgb, alpha=np.ones(frame.shape[:2], np.float32))


def write_layers(folder: Path, layers: Iterable[np.ndarray]) -> None:
    """Write layers as lossless PNG, from `00000.png` up; the folder appears only when complete."""
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for index, layer in enumerate(layers):
        Image.fromarray(layer).save(partial / f"{index:05d}.png", compress_level=1)
    os.replace(partial, folder)


def read_layer(folder: Path, index: int) -> np.ndarray:
    """One stored layer, uint8 RGBA [H,W,4].

    Raises:
        BadInput: the file is missing or not an RGBA image.

    """
    path = folder / f"{index:05d}.png"
    cure = "Fit the method again."
    with opened(path, path, cure) as image, reading(path, "image", cure):
        if image.mode != "RGBA":
            raise BadInput(path, f"its mode is {image.mode}, not RGBA", cure)
        return np.asarray(image)


def check_size(layer: np.ndarray, request: RenderRequest, spec: MethodSpec) -> None:
    """Refuse a request of another size than the stored layers: nothing is stretched."""
    fitted, asked = f"{layer.shape[1]}x{layer.shape[0]}", f"{request.width}x{request.height}"
    if fitted != asked:
        fact = f"it was fitted at {fitted}, and {asked} was requested"
        raise BadInput(spec.id, fact, "Render at the training resolution.")
