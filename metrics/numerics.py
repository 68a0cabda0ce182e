"""Small numerics that several metrics share."""

from __future__ import annotations

import numpy as np


def mean_of_scored(scores: np.ndarray) -> float | None:
    """Mean of the scores that exist: NaN marks an item that failed; None where none exists."""
    scored = scores[~np.isnan(scores)]
    return float(scored.mean()) if len(scored) else None


def mean_over(values: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Mean of each map over its mask.

    Args:
        values: [B,H,W].
        masks: bool [B,H,W].

    Returns:
        float64 [B]; NaN where a mask is empty.

    """
    area = masks.sum((1, 2))
    total = np.where(masks, values, 0).sum((1, 2), dtype=np.float64)
    return np.divide(total, area, out=np.full(len(area), np.nan), where=area > 0)
