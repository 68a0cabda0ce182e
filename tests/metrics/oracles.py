"""The reference packages, asked about the inputs of `golden`. Runs in the reference environment.

Every topic is a module `oracles_TOPIC.py` with `values()`; its answers are kept in
`fixtures/golden_TOPIC.json`.
"""

from __future__ import annotations

import importlib
from pathlib import Path

from shim import declare_torchvision_operators

# Before any of the packages is imported: most of them import torchvision.
declare_torchvision_operators()

_PREFIX = "oracles_"
TOPICS = tuple(
    sorted(p.stem.removeprefix(_PREFIX) for p in Path(__file__).parent.glob(f"{_PREFIX}*.py"))
)


def answers(topic: str) -> dict[str, float]:
    """What the packages say now, by name."""
    found = importlib.import_module(f"oracles_{topic}").values()
    return {name: float(value) for name, value in found.items()}
