"""What determines the outcome of a cell, as parts of its key."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from harness.contracts import MetricSpec
from harness.engine.cells import closure
from harness.weights import digests


def metric_inputs(spec: MetricSpec) -> dict[str, Any]:
    """What determines a metric's values besides its input: code, options, weights."""
    return {
        "metric": spec.id,
        "options": dict(spec.options),
        "code": closure.digest(spec.entry),
        "weights": digests(spec.weights),
    }


def metric_digest(spec: MetricSpec) -> str:
    """The digest of a metric: equal digests mean that values may be compared."""
    text = json.dumps(metric_inputs(spec), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
