"""Deselects what this machine cannot run: only tests marked gpu, shared or reference."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "assets"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    absent = set()
    if not SHARED.is_dir():
        absent.add("shared")
    if find_spec("torchvision") is None:
        absent.add("reference")
    if any("gpu" in item.keywords for item in items):
        import torch

        if not torch.cuda.is_available():
            absent.add("gpu")
    dropped = [i for i in items if any(i.get_closest_marker(name) for name in absent)]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if item not in dropped]
