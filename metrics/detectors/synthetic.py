"""The synthetic domain's own face regressor as a detector."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from metrics.common.faces import Faces

if TYPE_CHECKING:
    from metrics.backbones.synthetic_face import FaceNet

#: Order of the expression; the first 20 are action units with full scale 5.
SYNTHETIC_NAMES = (
    *(f"AU{n:02d}" for n in (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 18, 20, 22, 23, 24, 25, 26)),
    "AU45",
    *("jaw", "tongue", "gaze_yaw", "gaze_pitch"),
)
ACTION_UNITS = SYNTHETIC_NAMES[:20]


def open_extractor(files: tuple[Path, ...], device: str) -> Callable[[np.ndarray], Faces]:
    """A function from uint8 RGB [B,H,W,3] to faces: 68 landmarks, 24 controls."""
    net = face_net(files[0], device)
    return lambda frames: synthetic_faces(net, frames)


@cache
def face_net(path: Path, device: str) -> FaceNet:
    """The synthetic face regressor, read once."""
    from metrics.backbones.load import load_into, read_state
    from metrics.backbones.synthetic_face import FaceNet

    return load_into(FaceNet(), read_state(path), path, device)


def synthetic_faces(net: FaceNet, frames: np.ndarray) -> Faces:
    """Faces of uint8 RGB [B,H,W,3] as the synthetic regressor sees them."""
    import torch

    from metrics.backbones.synthetic_face import fit_square, look_twice

    device = next(net.parameters()).device
    with torch.inference_mode():
        image, scale, corner = fit_square(frames, str(device))
        output = look_twice(net, image)
    landmarks = output.landmarks.double().cpu().numpy() * scale + np.array(corner)
    expression = output.expression.double().cpu().numpy()
    present = output.presence.cpu().numpy() > 0
    landmarks[~present], expression[~present] = np.nan, np.nan
    return Faces(landmarks, expression, tuple(None if p else "no_face" for p in present))


def action_units(expression: np.ndarray) -> np.ndarray:
    """FACS intensities float64 [T,20] in 0..5 of synthetic expressions [T,24]."""
    return (expression[:, : len(ACTION_UNITS)] * 5.0).clip(0.0, 5.0)
