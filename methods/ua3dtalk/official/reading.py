"""The authors' final checkpoint, `chkpnt_fuse_latest.pth`, without unpickling code.

It is the tuple (Gaussians of the face, its field, Gaussians of the mouth, its field): Gaussians
as `capture()` gives them, 13 entries of tensors and optimizer state, fields as state dicts.

One of those entries, the camera extent, and the learning rate that it scales are numbers of
numpy. PyTorch's reader of plain tensors refuses them. Nobody needs them here, so they are read
as objects that hold nothing; numpy's own constructors are never called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from harness.contracts import BadInput
from harness.files.tensors import read_tensors

CURE = "Give the chkpnt_fuse_latest.pth that the released train_fuse.py wrote."
#: Length of the tuple that `capture()` returns.
CAPTURED = 13


@dataclass(frozen=True)
class Capture:
    """A branch's Gaussians as the released code stores them; [N, ...] tensors.

    Attributes:
        degree: of the harmonics that take part in colour; coefficients above it are not used.
        means: [N, 3], in the units of the folder's cameras.
        sh0: [N, 1, 3].
        shN: [N, K, 3].
        scales: [N, 3]; standard deviation = softplus(scales), as here.
        quats: [N, 4], wxyz, of any length.
        opacities: [N, 1], logits.

    """

    degree: int
    means: Tensor
    sh0: Tensor
    shN: Tensor
    scales: Tensor
    quats: Tensor
    opacities: Tensor


@dataclass(frozen=True)
class StoredBranch:
    """Gaussians and field of one branch, as the file has them."""

    gaussians: Capture
    field: Mapping[str, Tensor]


def read_checkpoint(path: Path) -> tuple[StoredBranch, StoredBranch]:
    """Read face and mouth.

    Raises:
        BadInput: the file is absent or damaged, holds code, or is no final checkpoint.

    """
    with _numpy_numbers_read_past():
        stored = read_tensors(path, CURE)
    if not isinstance(stored, tuple) or len(stored) != 4:
        found = f"tuple of {len(stored)}" if isinstance(stored, tuple) else type(stored).__name__
        raise BadInput(path, f"it holds a {found}, not the tuple of 4 of a checkpoint", CURE)
    if isinstance(stored[3], int):
        fact = "it is the checkpoint of one branch: its last entry is an iteration"
        raise BadInput(path, fact, CURE)
    face, mouth = (
        StoredBranch(_capture(path, name, stored[k]), _state(path, name, stored[k + 1]))
        for k, name in ((0, "face"), (2, "mouth"))
    )
    return face, mouth


def _state(path: Path, branch: str, stored: Any) -> Mapping[str, Tensor]:
    if not isinstance(stored, dict) or not all(map(torch.is_tensor, stored.values())):
        raise BadInput(path, f"the {branch}'s field is not a state dict", CURE)
    return {name: value.detach() for name, value in stored.items()}


def _capture(path: Path, branch: str, stored: Any) -> Capture:
    length = len(stored) if isinstance(stored, tuple) else type(stored).__name__
    if length != CAPTURED:
        fact = f"the {branch}'s Gaussians are a tuple of {length}, not of {CAPTURED}"
        raise BadInput(path, fact, CURE)
    # Between them: an unused `identity`, and behind them what densification and Adam kept.
    degree, means, sh0, shN, _, scales, quats, opacities, *_ = stored
    count = len(means) if torch.is_tensor(means) and means.dim() else 0
    if not count:
        raise BadInput(path, f"the {branch} has no Gaussians", CURE)
    rest = shN.shape[1] if torch.is_tensor(shN) and shN.dim() == 3 else 0
    shapes = {
        "_xyz": (means, (count, 3)),
        "_features_dc": (sh0, (count, 1, 3)),
        "_features_rest": (shN, (count, rest, 3)),
        "_scaling": (scales, (count, 3)),
        "_rotation": (quats, (count, 4)),
        "_opacity": (opacities, (count, 1)),
    }
    for name, (value, shape) in shapes.items():
        found = tuple(value.shape) if torch.is_tensor(value) else type(value).__name__
        if found != shape:
            raise BadInput(path, f"the {branch}'s {name} is {found}, not {shape}", CURE)
        if not value.isfinite().all():
            raise BadInput(path, f"the {branch}'s {name} has values that are not finite", CURE)
    if not isinstance(degree, int) or not 0 <= degree <= 3:
        raise BadInput(path, f"the {branch}'s active degree is {degree!r}, not 0 to 3", CURE)
    return Capture(degree, *(value.detach() for value, _ in shapes.values()))


class _Inert:
    """Holds nothing of what the file says that it is made from."""

    def __init__(self, *_: object) -> None:
        pass

    def __setstate__(self, _: object) -> None:
        pass


#: By the names under which numpy 1 and 2 pickle a number and its type.
_INERT: list[Callable[..., Any] | tuple[Callable[..., Any], str]] = [
    type(name, (_Inert,), {"__module__": module})
    for module, name in (
        ("numpy.core.multiarray", "scalar"),
        ("numpy._core.multiarray", "scalar"),
        ("numpy", "dtype"),
    )
]


@contextmanager
def _numpy_numbers_read_past() -> Iterator[None]:
    before = torch.serialization.get_safe_globals()
    torch.serialization.add_safe_globals(_INERT)
    try:
        yield
    finally:
        torch.serialization.clear_safe_globals()
        torch.serialization.add_safe_globals(before)
