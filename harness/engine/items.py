"""Per-item values as JSON lines: one line a frame, and lines of their own for windows."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from harness.contracts import MetricResult
from harness.storage import write_text


def write(path: Path, count: int, results: Iterable[MetricResult]) -> Path:
    """Write the items of one recording; a value that failed is null.

    Args:
        path: the file, replaced in one step.
        count: frames of the recording.
        results: of all metrics that scored it.

    """
    path.parent.mkdir(parents=True, exist_ok=True)
    frames: list[dict[str, Any]] = [{"frame": i} for i in range(count)]
    extra: list[dict[str, Any]] = []
    for result in results:
        for column, series in result.items.items():
            values = [None if not np.isfinite(v) else float(v) for v in series]
            if len(values) == count:
                for line, value in zip(frames, values, strict=True):
                    line[column] = value
            else:
                extra += [{"column": column, "item": i, "value": v} for i, v in enumerate(values)]
    write_text(path, "".join(json.dumps(line) + "\n" for line in [*frames, *extra]))
    return path
