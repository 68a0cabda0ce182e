"""talking-face-bench: train, render, score and report emotional talking-face methods.

This package imports nothing heavy at the top, so that `python -m harness --help` stays fast.
"""

import os
from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# OpenMP's threads spin while they wait, and on a shared machine fight each other. The runtime
# reads this once, when torch is imported; every package of ours imports this one first.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def __getattr__(name: str) -> Any:
    """`harness.score`, `harness.run` and `harness.Report`, imported when they are first used."""
    if name in ("score", "run", "Report"):
        # By a computed name: keys of cells follow imports, and every module imports this one.
        return getattr(import_module(f"{__name__}.api"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
