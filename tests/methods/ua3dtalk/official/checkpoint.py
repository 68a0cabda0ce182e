"""A `chkpnt_fuse_latest.pth` of seeded numbers, as the released code would write it."""

from __future__ import annotations

import io
import zipfile
from collections import OrderedDict

import numpy as np
import torch
from torch import nn

from methods.ua3dtalk.field.config import FieldConfig
from tests.methods.ua3dtalk.official import released, seeded

#: Camera extents are numbers of numpy, and so are the learning rates that they scale.
EXTENT = np.float64(0.178)
NAMES = ("xyz", "f_dc", "f_rest", "identity", "opacity", "scaling", "rotation")


def gaussians(branch: str, count: int, *, degree: int = 2, stored_degree: int = 2):
    """What `capture()` returns: 13 entries, parameters among them."""
    rest = (stored_degree + 1) ** 2 - 1
    shapes = {
        "xyz": (count, 3),
        "f_dc": (count, 1, 3),
        "f_rest": (count, rest, 3),
        "identity": (count, 1),
        "scaling": (count, 3),
        "rotation": (count, 4),
        "opacity": (count, 1),
    }
    parameters = {
        name: nn.Parameter(seeded.draw(f"{branch}.{name}", shape).float())
        for name, shape in shapes.items()
    }
    with torch.no_grad():
        parameters["xyz"] *= 0.1
        parameters["scaling"] -= 4.0
        parameters["f_rest"] *= 0.2
    groups = [
        {"params": [parameters[name]], "lr": (1.6e-4 * EXTENT if name == "xyz" else 1e-3)}
        for name in NAMES
    ]
    adam = torch.optim.Adam(groups, lr=0.0, eps=1e-15)
    sum(p.sum() for p in parameters.values()).backward()
    state = parameters["xyz"].detach().clone()
    adam.step()
    parameters["xyz"].data = state
    counts = torch.zeros(count, 1)
    return (
        degree,
        *(parameters[k] for k in ("xyz", "f_dc", "f_rest", "identity", "scaling")),
        *(parameters[k] for k in ("rotation", "opacity")),
        counts[:, 0],
        counts,
        counts,
        adam.state_dict(),
        EXTENT,
    )


def field(config: FieldConfig, branch: str) -> OrderedDict:
    """State dict of a released field, in float32."""
    face = branch == "face"
    shapes = released.shapes(config, face=face)
    state = seeded.state({f"{branch}.{k}": v for k, v in shapes.items()})
    state = {k.removeprefix(f"{branch}."): v.float() for k, v in state.items()}
    return OrderedDict(state | released.boxes(config, face=face, dtype=torch.float32))


def contents(config: FieldConfig, counts=(60, 20)) -> tuple:
    """The tuple of four."""
    face, mouth = counts
    return (
        gaussians("face", face),
        field(config, "face"),
        gaussians("mouth", mouth),
        field(config, "mouth"),
    )


def write(path, value, numpy_1=False) -> None:
    """Write as `torch.save`; `numpy_1` as the older numpy that the released code asks for."""
    buffer = io.BytesIO()
    torch.save(value, buffer)
    if not numpy_1:
        path.write_bytes(buffer.getvalue())
        return
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(path, "w") as target:
        for entry in source.infolist():
            data = source.read(entry)
            if entry.filename.endswith("data.pkl"):
                data = data.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
            target.writestr(entry, data)
