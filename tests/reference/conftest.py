"""Lets torchvision be imported beside a CPU torch, for the packages that want it.

Its published wheel is linked to CUDA, its extension therefore does not load, and importing it
registers shapes for `nms` and `qnms`, which then do not exist. Declaring them is enough for
models and transforms, which is all that the oracles use.
"""

import importlib.util
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "metrics"))

from shim import declare_torchvision_operators

if importlib.util.find_spec("torchvision"):
    declare_torchvision_operators()
