"""UA-3DTalk's six offline feature files, read without unpickling anything but tensors.

Layout of Mrask999/UA-3DTalk `scene/dataset_readers.py`: for each of `train` and `val`,
`{part}_auds_exp.pth` (f_exp, [T,64] or [T,1,64]), `{part}_audiostyle.pth` (f_tone, the same)
and `mser_emotion_{part}.pth` (f_emo-attn, [T,1,128] or [T,128]).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from harness.contracts import BadInput, Priors
from harness.files.tensors import read_tensors
from methods.ua3dtalk.priors.config import CONTENT_SIZE, EMOTION_SIZE, STYLE_SIZE

#: Field of `Priors` -> file name and width.
LAYOUT = {
    "content": ("{part}_auds_exp.pth", CONTENT_SIZE),
    "style": ("{part}_audiostyle.pth", STYLE_SIZE),
    "emotion": ("mser_emotion_{part}.pth", EMOTION_SIZE),
}
_CURE = "Extract the features of this sequence again, as plain tensors (torch.save)."


def read_official(folder: Path, part: str, count: int) -> Priors:
    """The features of one part, from a folder with the official files.

    Args:
        folder: where the files lie.
        part: `train` or `val`.
        count: frames that the part has.

    Raises:
        BadInput: a file is absent, holds more than tensors, or has another shape or length.

    """
    return Priors(
        **{
            name: _read(folder / file.format(part=part), width, count)
            for name, (file, width) in LAYOUT.items()
        }
    )


def check_priors(priors: Priors, count: int, subject: str) -> Priors:
    """Features that came with a sequence, as float32 of the official shapes.

    Raises:
        BadInput: another shape or length than `count` frames, or values that are not finite.

    """
    return Priors(
        **{
            name: _shaped(np.asarray(getattr(priors, name)), width, count, f"{subject}: {name}")
            for name, (_, width) in LAYOUT.items()
        }
    )


def _read(path: Path, width: int, count: int) -> np.ndarray:
    if not path.is_file():
        raise BadInput(path, "the file is absent", "Put all six feature files into one folder.")
    stored = read_tensors(path, _CURE)
    if isinstance(stored, (list, tuple)) and stored and all(map(torch.is_tensor, stored)):
        if len({tuple(row.shape) for row in stored}) > 1:
            raise BadInput(path, "its tensors have different shapes", _CURE)
        stored = torch.stack(list(stored))  # one tensor per frame
    if not torch.is_tensor(stored):
        raise BadInput(path, f"it holds a {type(stored).__name__}, not a tensor", _CURE)
    return _shaped(stored.detach().to(torch.float32).numpy(), width, count, str(path))


def _shaped(values: np.ndarray, width: int, count: int, subject: str) -> np.ndarray:
    shape = list(values.shape)
    if values.ndim == 3 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 2 or values.shape[1] != width:
        raise BadInput(
            subject, f"its shape is {shape}, expected [T, {width}] or [T, 1, {width}]", _CURE
        )
    if len(values) != count:
        raise BadInput(subject, f"it has {len(values)} frames, but the sequence has {count}", _CURE)
    if not np.isfinite(values).all():
        raise BadInput(subject, "it contains values that are not finite", _CURE)
    return np.ascontiguousarray(values, np.float32)
