"""S3FD as syncnet-python and face-alignment run it, on the picture of `golden`."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from pathlib import Path
from types import ModuleType

import golden
import numpy as np
import torch

#: Boxes kept one by one; of the others the sums.
FIRST = 6


def syncnet_detector() -> ModuleType:
    """The detector package of syncnet-python, without the package's own imports."""
    name = "syncnet_python_s3fd"
    if name not in sys.modules:
        package = Path(importlib.util.find_spec("syncnet_python").origin).parent
        folder = package / "detectors" / "s3fd"
        spec = importlib.util.spec_from_file_location(
            name, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


def syncnet_network() -> torch.nn.Module:
    """SyncNet's network with seeded values."""
    net = syncnet_detector().S3FDNet("cpu")
    net.load_state_dict(golden.detector_state(net.state_dict()))
    return net.eval()


def syncnet_faces(frame: np.ndarray, scale: float, confidence: float) -> np.ndarray:
    """Faces [K,5] as `run_pipeline.py` asks for them."""
    detector = syncnet_detector().S3FD(syncnet_network(), device="cpu")
    return detector.detect_faces(frame, conf_th=confidence, scales=[scale])


def fan_faces(frame: np.ndarray) -> np.ndarray:
    """Faces [K,5] as face-alignment finds them before it looks for landmarks."""
    from face_alignment.detection.sfd.sfd_detector import SFDDetector

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "s3fd.pth")
        torch.save(golden.to_fan(syncnet_network().state_dict()), path)
        detector = SFDDetector("cpu", path_to_detector=str(path))
    return np.array(detector.detect_from_image(frame))


def values() -> dict[str, float]:
    """Boxes in the order in which the packages return them."""
    frame = golden.detector_picture()
    found = {
        "sync": syncnet_faces(frame, 1.0, 0.5),
        "sync_strict": syncnet_faces(frame, 1.0, 0.9),
        "sync_reduced": syncnet_faces(golden.detector_picture(4), 0.25, 0.5),
        "fan": fan_faces(frame),
    }
    out = {}
    for name, boxes in found.items():
        out[f"{name}_count"] = len(boxes)
        for i, box in enumerate(boxes[:FIRST]):
            out |= {f"{name}_{i}_{what}": v for what, v in zip("ltrbp", box, strict=True)}
        out |= {f"{name}_sum_{w}": v for w, v in zip("ltrbp", boxes.sum(0), strict=True)}
    return out
