"""syncnet-python on the clip of `golden`."""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
from pathlib import Path
from types import ModuleType

import golden
import torch


def _syncnet_module(name: str) -> ModuleType:
    """One file of syncnet-python, without the package's own imports."""
    package = Path(importlib.util.find_spec("syncnet_python").origin).parent
    spec = importlib.util.spec_from_file_location(name, package / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def syncnet_network() -> torch.nn.Module:
    """The reference network with seeded values."""
    net = _syncnet_module("SyncNetModel").S()
    net.load_state_dict(golden.seeded_state(net.state_dict(), 2))
    return net.eval()


def values() -> dict[str, float]:
    """`evaluate()` of syncnet-python on the clip of `golden`, read from lossless files."""
    from PIL import Image
    from scipy.io import wavfile

    instance = _syncnet_module("SyncNetInstance").SyncNetInstance(syncnet_network(), device="cpu")
    frames, sound = golden.talking_clip()
    with tempfile.TemporaryDirectory() as folder:
        for i, frame in enumerate(frames):
            # Only the name says JPEG: the reader goes by content, and PNG loses nothing.
            Image.fromarray(frame).save(Path(folder, f"{i:06d}.jpg"), format="PNG")
        wavfile.write(Path(folder, "audio.wav"), 16_000, sound)
        options = argparse.Namespace(tmp_dir=folder, batch_size=8, vshift=15)
        with torch.inference_mode():
            offset, confidence, distance = instance.evaluate(options)
    return {
        "syncnet_offset": offset,
        "syncnet_confidence": confidence,
        "syncnet_distance": distance,
    }
