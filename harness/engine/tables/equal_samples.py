"""Equal samples for all rows of a table, for metrics that their number biases."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

import numpy as np

from harness.contracts import Failure, Metric, MetricResult

#: A row that scored a smaller part of a sequence fails by itself, and does not shorten others.
ENOUGH = 0.5


def common_frames(
    results: Iterable[tuple[Hashable, int, MetricResult]],
) -> dict[Hashable, np.ndarray]:
    """The frames of each sequence that every row could score, int64 [k].

    Args:
        results: (sequence, frames of the sequence, the result of one row), of all rows.

    """
    common: dict[Hashable, np.ndarray] = {}
    for name, count, result in results:
        frames = result.features.get("frames")
        possible = result.details.get("possible", count)  # windows are fewer than frames
        if frames is not None and len(frames) >= ENOUGH * possible:
            common[name] = np.intersect1d(common.get(name, frames), frames)
    return common


def restricted(
    metric: Metric, result: MetricResult, sequence: Hashable, common: Mapping[Hashable, np.ndarray]
) -> MetricResult:
    """The result of one row from the frames that all rows have; without a value if it has few.

    Its number of samples then equals that of every other row, and a warning says what was
    left out.
    """
    frames, kept = result.features.get("frames"), common.get(sequence)
    if frames is None or kept is None or not np.isin(kept, frames).all():
        return too_few(metric, result)
    fewer = metric.restrict(result, kept)
    if len(kept) < len(frames):
        kept_of = f"{len(kept)} samples that all rows could score, of {len(frames)} of this row"
        fewer.warnings = [*fewer.warnings, f"from the {kept_of}"]
    return fewer


def too_few(metric: Metric, result: MetricResult) -> MetricResult:
    """The result without its value: it has too few samples to be compared with the others."""
    scored = len(result.features.get("frames", ()))
    failure = Failure("too_few_samples", f"only {scored} frames could be scored")
    values = {column.name: None for column in metric.spec.columns}
    return MetricResult(values, 0, failures=[failure, *result.failures], details=result.details)
