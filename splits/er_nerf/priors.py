"""UA-3DTalk's six offline feature files, read as plain tensors only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from harness.contracts import BadInput, Priors
from harness.files.tensors import read_tensors

#: Signal -> file name per part, and its width (UA-3DTalk `scene/dataset_readers.py`).
FILES = {
    "content": ("{part}_auds_exp.pth", 64),
    "style": ("{part}_audiostyle.pth", 64),
    "emotion": ("mser_emotion_{part}.pth", 128),
}


def has_priors(folder: Path) -> bool:
    """Whether all six files are there."""
    return all(
        (folder / name.format(part=part)).is_file()
        for name, _ in FILES.values()
        for part in ("train", "val")
    )


def read_priors(folder: Path, train: int, test: int) -> Priors:
    """Read the six files for `train` + `test` frames.

    Raises:
        BadInput: a pickle that is not plain tensors (nothing in it is run), or a wrong size.

    """
    parts = {}
    for signal, (name, width) in FILES.items():
        pieces = [
            _read(folder / name.format(part=part), count, width)
            for part, count in (("train", train), ("val", test))
        ]
        parts[signal] = np.concatenate(pieces)
    return Priors(**parts)


def _read(path: Path, count: int, width: int) -> np.ndarray:
    import torch  # heavy, and only these files need it

    cure = "Save it again with torch.save(tensor, path); other pickles are never opened."
    value: Any = read_tensors(path, cure)
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)) and all(torch.is_tensor(v) for v in value):
        value = torch.stack([v.reshape(-1) for v in value]) if value else None
    if not torch.is_tensor(value) or value.numel() != count * width:
        shape = list(value.shape) if torch.is_tensor(value) else type(value).__name__
        raise BadInput(
            path, f"holds {shape}, not {count} rows of {width}", "Extract it for these frames."
        )
    return value.reshape(count, width).float().numpy()
