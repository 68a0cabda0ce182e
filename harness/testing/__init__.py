"""Conformance checks that any plug-in can run, and small inputs to run them on.

Each check raises `AssertionError` with a sentence. Our own methods and metrics pass them in our
tests; a plug-in's tests call them with its own spec:

    from harness.testing import check_method, check_metric, tiny_clip, tiny_sequence

    check_method(SPEC, tiny_sequence(), tmp_path)
    check_metric(MyMetric(SPEC, weights={}), *tiny_clip())

Nothing here imports torch.
"""

from __future__ import annotations

import subprocess
import sys

from harness.testing.methods import check_method, rendered, request_of
from harness.testing.metrics import check_mesh_metric, check_metric, run_metric
from harness.testing.tiny import tiny_clip, tiny_sequence

__all__ = [
    "check_mesh_metric",
    "check_method",
    "check_metric",
    "check_spec_reads_without_torch",
    "rendered",
    "request_of",
    "run_metric",
    "tiny_clip",
    "tiny_sequence",
]


def check_spec_reads_without_torch(module: str) -> None:
    """Importing a spec module must not import torch: `list` and `--help` stay fast."""
    program = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, f"{module} imports torch, or fails: {done.stderr}"
