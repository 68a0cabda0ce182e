"""Write the folder layout of AD-NeRF, ER-NeRF and TalkingGaussian.

Images that the field reads as JPEG are written at quality 100 without chroma
subsampling: the layout has no place for PNG there, and the original tools' own `-q:v 1`
loses more. `gt_imgs` holds the ground truth that everyone is scored against.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from splits.prepare.pose import to_nerf
from splits.prepare.regions import COLOURS

FOLDERS = ("ori_imgs", "gt_imgs", "parsing", "torso_imgs")

#: The first 10/11 of a sequence are for training (ER-NeRF `data_utils/process.py`).
TRAIN_FRACTION = (10, 11)


def write_jpeg(path: Path, image: np.ndarray) -> None:
    """Write uint8 RGB [H,W,3] at quality 100, 4:4:4."""
    Image.fromarray(image).save(path, "JPEG", quality=100, subsampling=0)


def write_landmarks(path: Path, landmarks: np.ndarray) -> None:
    """Write 68 landmarks float [68,2] as text, one `x y` a line, pixels."""
    np.savetxt(path, landmarks, "%f")


def write_parsing(path: Path, labels: np.ndarray) -> None:
    """Write region labels uint8 [H,W] in the field's colours."""
    Image.fromarray(COLOURS[labels]).save(path, "PNG", compress_level=3)


def write_torso(path: Path, torso: np.ndarray) -> None:
    """Write a torso plate uint8 RGBA [H,W,4]."""
    Image.fromarray(torso).save(path, "PNG", compress_level=3)


def write_transforms(
    folder: Path, world_to_camera: np.ndarray, focal: float, height: int, width: int
) -> tuple[range, range]:
    """Write `transforms_train.json` and `transforms_val.json`; returns their frame ranges.

    Args:
        folder: the prepared folder.
        world_to_camera: float64 [T,4,4], OpenCV axes; stored as camera-to-world in OpenGL
            axes, with all its digits.
        focal: pixels.
        height: pixels.
        width: pixels.

    """
    count = len(world_to_camera)
    cut = count * TRAIN_FRACTION[0] // TRAIN_FRACTION[1]
    poses = to_nerf(world_to_camera)
    parts = {"train": range(cut), "val": range(cut, count)}
    for name, frames in parts.items():
        content = {
            "focal_len": float(focal),
            "cx": width / 2.0,
            "cy": height / 2.0,
            "frames": [
                {"img_id": t, "aud_id": t, "transform_matrix": poses[t].tolist()} for t in frames
            ],
        }
        text = json.dumps(content, indent=2)
        (folder / f"transforms_{name}.json").write_text(text, encoding="utf-8")
    return parts["train"], parts["val"]
