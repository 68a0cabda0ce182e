"""syncnet-python on the clip of `golden`."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from unittest import mock

import golden
import numpy as np
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


def pipeline(**settings: object) -> object:
    """syncnet-python's pipeline without its networks: what tracks and crops."""
    # Of ffmpeg-python nothing is called here, so it need not be installed.
    sys.modules.setdefault("ffmpeg", mock.MagicMock())
    module = importlib.import_module("syncnet_python.syncnet_pipeline")
    made = module.SyncNetPipeline.__new__(module.SyncNetPipeline)
    made.cfg = module.PipelineConfig(**settings)
    return made


def crops(frames: np.ndarray, start: int, boxes: np.ndarray) -> np.ndarray:
    """Crops uint8 RGB [T,224,224,3] of a track, taken where they go to the video writer."""
    maker = pipeline()
    track = {"frame": np.arange(start, start + len(boxes)), "bbox": boxes}
    with tempfile.TemporaryDirectory() as folder:
        from PIL import Image

        names = []
        for i, frame in enumerate(frames):
            names.append(str(Path(folder, f"{i:06d}.png")))
            Image.fromarray(frame).save(names[-1])
        where = sys.modules[type(maker).__module__]
        with (
            mock.patch.object(where.cv2, "VideoWriter") as writer,
            mock.patch.object(where.subprocess, "run"),
            mock.patch.object(where.os, "remove"),
        ):
            maker._crop(track, names, Path(folder, "a.wav"), Path(folder, "crop"))
        taken = [call.args[0] for call in writer.return_value.write.call_args_list]
    return np.stack(taken)[..., ::-1]


def crop_values() -> dict[str, float]:
    """Some pixels and the means of the crops of a track that leaves the frame."""
    found = crops(golden.talking_clip()[0], *golden.track())
    out = {}
    for k in (0, 5, 9, 17):
        out[f"crop_{k}_mean"] = float(found[k].mean())
        out |= {f"crop_{k}_{r}_{c}": float(found[k, r, c].sum()) for r, c in golden.CROP_PIXELS}
    return out


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
        **crop_values(),
    }
