"""Signals in files beside a sequence, under its name: OpenFace, BFM coefficients, masks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from harness.contracts import BadInput, Masks
from harness.engine.alignment.opened import OpenedSequence
from harness.files.arrays import read_array, read_arrays
from harness.weights import sha256_of


def with_sidecars(opened: OpenedSequence) -> OpenedSequence:
    """The sequence with every signal that is stored beside it.

    `NAME.openface.csv`, `NAME.bfm79.npy` ([T,79]) and `NAME.masks.npz` (`bits`, uint8 [T,H,W]).

    Raises:
        BadInput: such a file is unreadable, does not have one row per frame, or is of a video of
            another frame rate.

    """
    base = opened.path.with_suffix("") if opened.path.is_file() else opened.path
    signals, digest = dict(opened.signals), hashlib.sha256(opened.digest.encode())
    for name, (ending, read) in READERS.items():
        path = base.with_name(base.name + ending)
        if not path.is_file():
            continue
        value, count = read(path, float(opened.fps))
        if count != opened.count:
            fact = f"it has {count} rows, its video {opened.path.name} has {opened.count} frames"
            raise BadInput(path, fact, "Make it again from this file.")
        signals[name] = value
        digest.update(f"{name}:{sha256_of(path)}".encode())
    if len(signals) == len(opened.signals):
        return opened
    return replace(opened, signals=signals, digest=digest.hexdigest())


def _openface(path: Path, fps: float) -> tuple[Any, int]:
    from harness.media.openface import read_openface

    units = read_openface(path, fps=fps)
    return units, len(units.values)


def _bfm79(path: Path, _: float) -> tuple[np.ndarray, int]:
    values = read_array(path)
    if values.ndim != 2 or values.shape[1] != 79:
        fact = f"it holds {list(values.shape)}, finite numbers of shape [T,79] are expected"
        raise BadInput(path, fact, "Save `exp` of the ER-NeRF tracker's track_params.pt.")
    return values.astype(np.float32), len(values)


def _masks(path: Path, _: float) -> tuple[Masks, int]:
    bits = read_arrays(path, ["bits"])["bits"]
    if bits.ndim != 3 or bits.dtype != np.uint8:
        fact = f"`bits` is {bits.dtype} {list(bits.shape)}, uint8 [T,H,W] is expected"
        raise BadInput(path, fact, "Set one bit per region, as `Masks` in harness/contracts says.")
    return Masks(bits), len(bits)


READERS: dict[str, tuple[str, Callable[[Path, float], tuple[Any, int]]]] = {
    "openface": (".openface.csv", _openface),
    "bfm79": (".bfm79.npy", _bfm79),
    "masks": (".masks.npz", _masks),
}
