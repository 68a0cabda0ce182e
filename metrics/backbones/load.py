"""Weight files to state dicts, without unpickling anything but tensors."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import torch

from harness.contracts import BadInput
from harness.files.tensors import read_tensors

Net = TypeVar("Net", bound=torch.nn.Module)


def read_state(path: Path, entry: str | None = None) -> dict[str, torch.Tensor]:
    """Tensors of a `.safetensors` or a plain `state_dict` file, on the CPU.

    Args:
        path: the file.
        entry: name of the state dict in a checkpoint that holds several things; a file
            without that entry is taken as the state dict itself.

    Raises:
        BadInput: the file cannot be read, or holds more than tensors.

    """
    state = read_tensors(path, "Fetch it again; a file of your own must be a plain state dict.")
    if entry is not None and isinstance(state, dict):
        state = state.get(entry, state)
    if not isinstance(state, dict) or not all(torch.is_tensor(v) for v in state.values()):
        raise BadInput(path, "it is not a plain state dict of tensors", "Save `state_dict()`.")
    return state


def load_into(net: Net, state: dict[str, torch.Tensor], path: Path, device: str = "cpu") -> Net:
    """`net` with `state`, in float32, frozen, in evaluation mode on `device`.

    Raises:
        BadInput: keys or shapes are not those of the network.

    """
    try:
        state = {k: v.float() if v.is_floating_point() else v for k, v in state.items()}
        missing, unexpected = net.load_state_dict(state, strict=False)
        # Batch counters decide nothing in evaluation mode; our own files leave them out.
        missing = [k for k in missing if not k.endswith("num_batches_tracked")]
        if missing or unexpected:
            raise RuntimeError(f"missing {missing[:3]}, unexpected {unexpected[:3]}")
    except RuntimeError as error:
        raise BadInput(
            path,
            f"it does not fit {type(net).__name__}: {str(error).splitlines()[-1].strip()}",
            "Use the file that the registry names.",
        ) from error
    return net.eval().requires_grad_(False).to(device)


def channels_last(net: Net) -> Net:
    """`net` with channels last in memory, so that no convolution has to rearrange anything."""
    return net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in stub
