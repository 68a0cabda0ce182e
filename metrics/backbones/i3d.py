"""I3D as the TorchScript file that StyleGAN-V and most of the field measure FVD with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch.jit import ScriptModule

from harness.contracts import BadInput

#: Length of a feature: the logits of Kinetics-400 before the softmax.
DIM = 400


def open_i3d(path: Path, device: str = "cpu") -> ScriptModule:
    """The scripted network. A script is a program: only a verified file should come here.

    Raises:
        BadInput: the file is not TorchScript.

    """
    try:
        return torch.jit.load(str(path), map_location=device).eval()
    except (RuntimeError, ValueError) as error:
        raise BadInput(
            path,
            f"it is not a TorchScript file ({str(error).splitlines()[0]})",
            "Use the file that the registry names.",
        ) from error


def features(net: ScriptModule, window: np.ndarray, device: str = "cpu") -> np.ndarray:
    """The feature float32 [400] of one window, uint8 RGB [T,H,W,3].

    The script rescales 0..255 to -1..1 and resizes to 224x224 itself, as
    universome/stylegan-v src/metrics/frechet_video_distance.py asks it to.

    Raises:
        BadInput: the network answers with something else than 400 numbers.

    """
    x = torch.from_numpy(np.ascontiguousarray(window.transpose(3, 0, 1, 2)))[None].to(device)
    with torch.inference_mode():
        found = net(x, rescale=True, resize=True, return_features=True)
    if tuple(found.shape) != (1, DIM):
        raise BadInput(
            "fvd-i3d",
            f"it gave {list(found.shape)} for one window, not [1, {DIM}]",
            "Use the file that the registry names.",
        )
    return found[0].float().cpu().numpy()
