"""Reading of weights: plain tensors of safetensors and PyTorch files; nothing is unpickled."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.contracts import BadInput
from harness.files.reading import AGAIN, checked_file, reading

if TYPE_CHECKING:
    import torch


def read_tensors(path: Path, cure: str = AGAIN, device: str = "cpu") -> Any:
    """What a `.safetensors` file or a PyTorch file of plain tensors holds.

    Returns:
        For safetensors, name -> tensor; for PyTorch, whatever plain value was saved.

    Raises:
        BadInput: missing, damaged, too large, or with anything that would have to be unpickled.

    """
    import torch

    checked_file(path, "tensors", cure)
    with reading(path, "file of plain tensors", cure):
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path, device=device)
        with warnings.catch_warnings():
            # torch remarks on the protocol of a pickle that it is about to refuse.
            warnings.simplefilter("ignore", UserWarning)
            return torch.load(path, map_location=device, weights_only=True)


def tensors_by_name(path: Path, cure: str = AGAIN) -> dict[str, torch.Tensor]:
    """As `read_tensors`, of a file that maps names to tensors.

    Raises:
        BadInput: as `read_tensors`, or it holds something else.

    """
    import torch

    found = read_tensors(path, cure)
    if not isinstance(found, dict) or not all(
        isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in found.items()
    ):
        raise BadInput(path, "it holds something else than tensors by name", cure)
    return found
