"""Small numerics that several metrics share."""

from __future__ import annotations

import numpy as np


def mean_of_scored(scores: np.ndarray) -> float | None:
    """Mean of the scores that exist: NaN marks an item that failed; None where none exists."""
    scored = scores[~np.isnan(scores)]
    return float(scored.mean()) if len(scored) else None
