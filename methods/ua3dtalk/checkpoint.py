"""Files that a fit leaves: plain tensors, whole or absent, and never unpickled code."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch

from harness.files.writing import replacing

FORMAT = 2
CURE = "Delete the folder and fit the method again."


def write_tensors(path: Path, tree: dict[str, Any]) -> None:
    """Write a tree of tensors and plain values, whole or not at all."""
    with replacing(path) as partial, partial.open("wb") as file:
        torch.save(tree, file)
        file.flush()
        os.fsync(file.fileno())


def write_json(path: Path, values: Any) -> None:
    """Write JSON, whole or not at all."""
    with replacing(path) as partial:
        partial.write_text(json.dumps(values, indent=1, sort_keys=True), "utf-8")


def write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write JSON lines, whole or not at all."""
    with replacing(path) as partial:
        partial.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
