"""Prior Extraction: content, style and emotion features of every frame, from sound alone.

`fit_priors` learns them on a training part; `PriorModel` keeps what was learnt, gives the
features of the training frames and infers those of any new sound.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from methods.ua3dtalk.priors.config import PriorConfig

if TYPE_CHECKING:
    from methods.ua3dtalk.priors.fit import fit_priors
    from methods.ua3dtalk.priors.model import PriorModel

__all__ = ["PriorConfig", "PriorModel", "fit_priors"]

_LAZY = {"fit_priors": "fit", "PriorModel": "model"}


def __getattr__(name: str) -> Any:
    # On first use only: a method's spec reads the configuration without importing torch.
    if name in _LAZY:
        return getattr(importlib.import_module(f"{__name__}.{_LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
