"""Second differences in time: how far each frame is from the mean of its two neighbours."""

from __future__ import annotations

import numpy as np

from harness.contracts import PER_SEQUENCE, Column, Failure, MetricResult, MetricSpec
from harness.contracts.metric import MEAN_OF_ITEMS


def second_difference(values: np.ndarray) -> np.ndarray:
    """x(t+1) - 2 x(t) + x(t-1) at every frame that has both neighbours.

    A frame without a value (NaN) leaves none at itself and at its two neighbours, so nothing is
    ever taken across a gap. Of values float [T,...], frame after frame: float64
    [max(T-2,0),...]; row i belongs to frame i + 1.
    """
    values = np.asarray(values, np.float64)
    return values[2:] - 2.0 * values[1:-1] + values[:-2]


def three_columns(
    name: str, variant: str, unit: str, what: str, aggregation: str = MEAN_OF_ITEMS
) -> tuple[Column, ...]:
    """Columns of a measure of movement: of the prediction, of the truth, and their difference.

    Less of the measure is not better in itself: a still image has none. Only the difference
    has a direction. `aggregation` is that of the first two.
    """
    columns = (
        ("", "none", f"{what} of the prediction", aggregation),
        ("_truth", "none", f"{what} of the ground truth", aggregation),
        ("_error", "down", f"{what}: absolute difference from the ground truth", PER_SEQUENCE),
    )
    return tuple(
        Column(f"{name}{side}/{variant}", direction, unit, (0.0, None), summary, by)
        for side, direction, summary, by in columns
    )


def three_values(
    spec: MetricSpec,
    prediction: np.ndarray,
    truth: np.ndarray,
    failures: list[Failure],
    details: dict[str, object],
) -> MetricResult:
    """The result of a measure by frame, float64 [T] of either side; NaN at the same frames."""
    mine, theirs, error = (column.name for column in spec.columns)
    triples = int(np.isfinite(truth).sum())
    details["triples"] = triples
    if not triples:
        short = Failure(
            "too_short",
            "no three consecutive frames have a face in both prediction and ground truth",
        )
        nothing = dict.fromkeys((mine, theirs, error))
        return MetricResult(nothing, 0, failures=[*failures, short], details=details)
    values = {mine: float(np.nanmean(prediction)), theirs: float(np.nanmean(truth))}
    values[error] = abs(values[mine] - values[theirs])
    items = {mine: prediction, theirs: truth}
    return MetricResult(values, triples, items, failures, details=details)
