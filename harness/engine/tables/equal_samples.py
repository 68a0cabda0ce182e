"""Equal samples for all rows of a table, for metrics that are biased by their number."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

import numpy as np

from harness.contracts import Failure, Metric, MetricResult

#: A row that scored a smaller part of a sequence than this fails, and shortens no other.
ENOUGH = 0.5


def common_frames(
    results: Iterable[tuple[Hashable, int, MetricResult]],
) -> dict[Hashable, np.ndarray]:
    """The frames of each clip that every row could score, int64 [k].

    Args:
        results: (clip, frames of the clip, the result of one row), of all rows.

    """
    common: dict[Hashable, np.ndarray] = {}
    for clip, count, result in results:
        frames = result.features.get("frames")
        possible = result.details.get("possible", count)  # windows are fewer than frames
        if frames is None or len(frames) < ENOUGH * possible:
            continue
        common[clip] = np.intersect1d(common[clip], frames) if clip in common else frames
    return common


def restricted(
    metric: Metric, result: MetricResult, clip: Hashable, common: Mapping[Hashable, np.ndarray]
) -> MetricResult:
    """The result of one row from the frames that all rows have; no value if these are too few.

    Its number of samples then equals that of every other row, and a warning states what
    was left out.
    """
    frames = result.features.get("frames")
    if frames is None or clip not in common:
        return too_few(metric, result)
    if not np.isin(common[clip], frames).all():
        return too_few(metric, result)
    fewer = metric.restrict(result, common[clip])
    if len(common[clip]) < len(frames):
        fewer.warnings = [
            *fewer.warnings,
            f"from the {len(common[clip])} samples that all rows could score, "
            f"of {len(frames)} of this row",
        ]
    return fewer


def too_few(metric: Metric, result: MetricResult) -> MetricResult:
    """The result without its value: it has too few samples to be compared with the others."""
    scored = len(result.features.get("frames", ()))
    failure = Failure("too_few_samples", f"only {scored} frames could be scored")
    values = {column.name: None for column in metric.spec.columns}
    return MetricResult(values, 0, failures=[failure, *result.failures], details=result.details)
