"""Small numerics that several metrics share: means of what was scored, agreement of two series."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.contracts import MetricResult

#: A series whose range is below this part of its largest value is constant: a float32 network
#: gives the same frame values that differ by as much from batch to batch.
CONSTANT = 1e-6


def mean_of_scored(scores: np.ndarray) -> float | None:
    """Mean of the scores that exist: NaN marks an item that failed; None where none exists."""
    scored = scores[~np.isnan(scores)]
    return float(scored.mean()) if len(scored) else None


def mean_result(items: dict[str, np.ndarray], **fields: Any) -> MetricResult:
    """The mean of each column's items, float64 [n], n at least 1; `fields` of the result."""
    values = {name: float(scores.mean()) for name, scores in items.items()}
    return MetricResult(values, len(next(iter(items.values()))), items=items, **fields)


def spread(rows: np.ndarray, places: np.ndarray | slice, count: int) -> np.ndarray:
    """Rows float [n,...] at their places, [count,...]; NaN at the others."""
    whole = np.full((count, *rows.shape[1:]), np.nan, rows.dtype)
    whole[places] = rows
    return whole


def mean_over(values: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Mean of each map [B,H,W] over its mask, bool [B,H,W]: float64 [B], NaN of an empty mask."""
    area = masks.sum((1, 2))
    total = np.where(masks, values, 0).sum((1, 2), dtype=np.float64)
    return np.divide(total, area, out=np.full(len(area), np.nan), where=area > 0)


def is_constant(x: np.ndarray) -> bool:
    """Whether a series float [n] does not change, so that nothing can correlate with it."""
    x = np.asarray(x, np.float64)
    return len(x) < 2 or bool(np.ptp(x) <= CONSTANT * np.abs(x).max())


def ccc(x: np.ndarray, y: np.ndarray) -> float:
    """Lin's concordance correlation: 2 rho sx sy / (sx^2 + sy^2 + (mx - my)^2), in [-1,1].

    Standard deviations are those of the population (ddof=0); with those of a sample, as in
    torchmetrics, the shift of the means weighs less in short series. NaN where one of the series
    float [n] is constant.
    """
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if is_constant(x) or is_constant(y):
        return float("nan")
    covariance = ((x - x.mean()) * (y - y.mean())).mean()
    return float(2 * covariance / (x.var() + y.var() + (x.mean() - y.mean()) ** 2))


def rmse(x: np.ndarray, y: np.ndarray) -> float:
    """Root mean squared difference of float [n] and float [n], at least one value."""
    difference = np.asarray(x, np.float64) - np.asarray(y, np.float64)
    return float(np.sqrt(np.square(difference).mean()))


def same_sign(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Where two series float [n] have one sign, float64 [n] of 0 and 1; zero equals zero only.

    Its mean is SAGR, the sign agreement that EmoNet's evaluation reports.
    """
    return (np.sign(x) == np.sign(y)).astype(np.float64)
