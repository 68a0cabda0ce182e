"""Files that a fit leaves: plain tensors, whole or absent, and never unpickled code."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from typing import Any

import torch

from harness.contracts import BadInput

FORMAT = 1
CURE = "Delete the folder and fit the method again."


def write_tensors(path: Path, tree: dict[str, Any]) -> None:
    """Write a tree of tensors and plain values under a temporary name, then rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as file:
        torch.save(tree, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def read_tensors(path: Path, device: str = "cpu") -> dict[str, Any]:
    """Read what `write_tensors` wrote.

    Raises:
        BadInput: the file is missing, damaged, or a pickle of more than tensors.

    """
    try:
        return torch.load(path, map_location=device, weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise BadInput(path, f"it cannot be read ({first})", CURE) from error


def write_json(path: Path, values: Any) -> None:
    """Write JSON under a temporary name, then rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(values, indent=1, sort_keys=True), "utf-8")
    os.replace(partial, path)


def write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write JSON lines under a temporary name, then rename the file."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    os.replace(partial, path)


def read_json(path: Path) -> Any:
    """Read JSON.

    Raises:
        BadInput: the file is missing or damaged.

    """
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(path, f"it cannot be read ({error})", CURE) from error
