"""Reading of NumPy files: plain numbers whose unpacked size is known before they are read."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from harness.contracts import BadInput
from harness.files import limits
from harness.files.reading import AGAIN, checked_file, reading

#: What to do about an array of Python objects.
UNPICKLED = (
    "Pickles can run code and are not read. In a program that trusts the file, save the array with "
    "np.save(FILE.npy, array.astype('float32')) and give that file."
)


def read_array(path: Path, cure: str = AGAIN, finite: bool = True) -> np.ndarray:
    """The array of a `.npy` file: numbers or text, never pickled objects.

    Args:
        path: the file.
        cure: what to do about a damaged one.
        finite: whether values that are not finite are refused.

    Raises:
        BadInput: missing, damaged, too large, of Python objects, or not finite.

    """
    checked_file(path, "array", cure)
    with reading(path, "NumPy array", cure), path.open("rb") as file:
        _check_header(path, file, path.stat().st_size)
        file.seek(0)
        value = np.lib.format.read_array(file, allow_pickle=False)
    return _numbers(path, path.name, value, finite, cure)


def read_arrays(
    path: Path, names: Sequence[str] | None = None, cure: str = AGAIN, finite: bool = True
) -> dict[str, np.ndarray]:
    """Arrays of a `.npz` file by name.

    Args:
        path: the file.
        names: the arrays to read; None for all.
        cure: what to do about a damaged one.
        finite: whether values that are not finite are refused.

    Raises:
        BadInput: missing, damaged, too large when unpacked, without one of `names`, of Python
            objects, or not finite.

    """
    checked_file(path, cure=cure)
    found: dict[str, np.ndarray] = {}
    with reading(path, "NumPy archive", cure), zipfile.ZipFile(path) as archive:
        entries = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
        limits.check(path, "entries", len(entries), "it holds")
        for name in entries if names is None else names:
            if name not in entries:
                fact = f"it has no array {name!r}, only {', '.join(sorted(entries)) or 'none'}"
                raise BadInput(path, fact, cure)
        wanted = [entries[name] for name in (entries if names is None else names)]
        limits.check(path, "array", sum(one.file_size for one in wanted), "unpacked it has")
        for entry in wanted:
            # The archive's directory states a size; the entry itself may hold more.
            with archive.open(entry) as file:
                raw = file.read(entry.file_size + 1)
            if len(raw) > entry.file_size:
                raise ValueError(f"{entry.filename} is larger than stated")
            found[entry.filename.removesuffix(".npy")] = _parsed(path, raw)
    return {name: _numbers(path, name, value, finite, cure) for name, value in found.items()}


def array_names(path: Path, cure: str = AGAIN) -> list[str]:
    """Names of the arrays of a `.npz` file.

    Raises:
        BadInput: missing or damaged.

    """
    with (
        reading(path, "NumPy archive", cure),
        zipfile.ZipFile(checked_file(path, cure=cure)) as archive,
    ):
        return [name.removesuffix(".npy") for name in archive.namelist()]


def _parsed(path: Path, raw: bytes) -> np.ndarray:
    file = io.BytesIO(raw)
    _check_header(path, file, len(raw))
    file.seek(0)
    return np.lib.format.read_array(file, allow_pickle=False)


def _check_header(path: Path, file: BinaryIO, size: int) -> None:
    """Refuse a header that states more than the file can hold, before memory is reserved."""
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(file)
    else:
        raise ValueError(f"version {version} of the format is not read")
    if dtype.hasobject:
        raise BadInput(path, "it holds pickled objects", UNPICKLED)
    count = 1
    for side in shape:
        count *= int(side)
    if count * dtype.itemsize > size:
        raise ValueError(f"its header states shape {list(shape)}, more than the file holds")


def _numbers(path: Path, name: str, value: np.ndarray, finite: bool, cure: str) -> np.ndarray:
    if value.dtype.kind not in "biufUS":
        raise BadInput(path, f"{name} holds {value.dtype}, not numbers", cure)
    if finite and value.dtype.kind == "f" and not np.isfinite(value).all():
        count = int((~np.isfinite(value)).sum())
        raise BadInput(path, f"{name} holds {count} values that are not finite", cure)
    return value
