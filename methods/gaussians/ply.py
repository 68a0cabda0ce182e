"""PLY files of Gaussians in the layout of 3DGS, which every viewer reads.

Properties of a vertex, all float32: x y z, nx ny nz (zeros), f_dc_0..2, f_rest_0..(3K-1) with
all coefficients of red first, opacity (logit), scale_0..2 (log), rot_0..3 (wxyz).
Source: graphdeco-inria/gaussian-splatting, scene/gaussian_model.py.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch

from harness.contracts.errors import BadInput
from methods.gaussians.model import Gaussians

_NUMBERS = {
    "char": "i1",
    "int8": "i1",
    "uchar": "u1",
    "uint8": "u1",
    "short": "i2",
    "int16": "i2",
    "ushort": "u2",
    "uint16": "u2",
    "int": "i4",
    "int32": "i4",
    "uint": "u4",
    "uint32": "u4",
    "float": "f4",
    "float32": "f4",
    "double": "f8",
    "float64": "f8",
}
_ORDERS = {"binary_little_endian": "<", "binary_big_endian": ">"}
_RE_EXPORT = "Export the file again from the program that made it."


def write_ply(path: Path | str, gaussians: Gaussians) -> None:
    """Write a binary PLY; the file appears whole or not at all.

    Log scales and unit quaternions are written whatever the activation, as viewers expect.
    """
    path = Path(path)
    with torch.no_grad():
        n = len(gaussians)
        quats = torch.nn.functional.normalize(gaussians.quats, dim=-1)
        columns = {
            **_columns("{}", ("x", "y", "z"), gaussians.means),
            **_columns("n{}", ("x", "y", "z"), torch.zeros(n, 3)),
            **_columns("f_dc_{}", range(3), gaussians.sh0.flatten(1)),
            **_columns("f_rest_{}", range(3 * gaussians.shN.shape[1]), gaussians.shN.mT.flatten(1)),
            "opacity": gaussians.opacities,
            **_columns("scale_{}", range(3), gaussians.standard_deviations().log()),
            **_columns("rot_{}", range(4), quats),
        }
    rows = np.empty(n, dtype=[(name, "<f4") for name in columns])
    for name, column in columns.items():
        rows[name] = column.detach().cpu().numpy()
    header = ["ply", "format binary_little_endian 1.0", f"element vertex {n}"]
    header += [f"property float {name}" for name in columns]
    header += ["end_header", ""]
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write("\n".join(header).encode("ascii"))
            file.write(rows.tobytes())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read_ply(path: Path | str, scale_activation: str = "exp") -> Gaussians:
    """Read a binary PLY of Gaussians; further properties and elements are ignored.

    Raises:
        BadInput: not such a file, cut short, a property missing, or values that are not finite.

    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadInput(path, error.strerror or str(error), "Give a readable PLY file.") from error
    rows = _vertices(path, data)
    names = rows.dtype.names or ()
    rest = sum(name.startswith("f_rest_") for name in names)
    if rest not in (0, 9, 24, 45):
        raise BadInput(
            path, f"{rest} properties f_rest_*, which is no whole degree of 0 to 3", _RE_EXPORT
        )

    def table(*columns: str) -> torch.Tensor:
        missing = [name for name in columns if name not in names]
        if missing:
            raise BadInput(
                path,
                f"it lacks the property {missing[0]}",
                "A point cloud is not a Gaussian cloud; " + _RE_EXPORT.lower(),
            )
        values = np.empty((len(rows), len(columns)), np.float32)
        for i, name in enumerate(columns):
            values[:, i] = rows[name]
        if not np.isfinite(values).all():
            row, column = np.argwhere(~np.isfinite(values))[0]
            raise BadInput(path, f"vertex {row}: {columns[column]} is not finite", _RE_EXPORT)
        return torch.from_numpy(values)

    n = len(rows)
    quats = table(*(f"rot_{i}" for i in range(4)))
    if n and float(quats.norm(dim=-1).min()) == 0:
        raise BadInput(path, "a rotation of length 0", _RE_EXPORT)
    gaussians = Gaussians(
        means=table("x", "y", "z"),
        scales=table(*(f"scale_{i}" for i in range(3))),
        quats=quats,
        opacities=table("opacity").squeeze(1),
        sh0=table(*(f"f_dc_{i}" for i in range(3))).reshape(n, 1, 3),
        shN=table(*(f"f_rest_{i}" for i in range(rest))).reshape(n, 3, rest // 3).mT,
        scale_activation=scale_activation,
    )
    if scale_activation != "exp":
        with torch.no_grad():
            gaussians.scales.copy_(gaussians.raw_scales(gaussians.scales.exp()))
    return gaussians


def _columns(
    pattern: str, names: Iterable[object], values: torch.Tensor
) -> dict[str, torch.Tensor]:
    return {pattern.format(name): values[:, i] for i, name in enumerate(names)}


def _vertices(path: Path, data: bytes) -> np.ndarray:
    """The vertex element as a structured array."""
    end = data.find(b"end_header")
    newline = data.find(b"\n", end)
    if not data.startswith(b"ply") or end < 0 or newline < 0:
        raise BadInput(path, "it is not a PLY file (no ply ... end_header)", _RE_EXPORT)
    order, count, properties, element = None, None, [], None
    for line in data[:end].decode("ascii", "replace").splitlines():
        words = line.split()
        if words[:1] == ["format"] and len(words) > 1:
            order = _ORDERS.get(words[1])
            if order is None:
                raise BadInput(path, f"format {words[1]}", "Save it as binary PLY.")
        elif words[:1] == ["element"] and len(words) == 3:
            if element is None and words[1] != "vertex":
                raise BadInput(path, f"its first element is {words[1]}", _RE_EXPORT)
            element = words[1]
            if element == "vertex":
                count = int(words[2]) if words[2].isdigit() else None
        elif words[:1] == ["property"] and element == "vertex":
            if len(words) != 3 or words[1] not in _NUMBERS:
                raise BadInput(path, f"cannot read the line {line!r}", _RE_EXPORT)
            properties.append((words[2], words[1]))
    names = [name for name, _ in properties]
    if order is None or count is None or not properties or len(set(names)) < len(names):
        raise BadInput(path, "its header is incomplete or names a property twice", _RE_EXPORT)
    dtype = np.dtype([(name, order + _NUMBERS[kind]) for name, kind in properties])
    body = data[newline + 1 :]
    if len(body) < count * dtype.itemsize:
        raise BadInput(
            path,
            f"it ends after {len(body)} of {count * dtype.itemsize} bytes of vertices",
            "Copy or download it again.",
        )
    return np.frombuffer(body, dtype, count)
