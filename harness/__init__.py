"""talking-face-bench: train, render, score and report emotional talking-face methods.

This package imports nothing heavy at the top, so that `python -m harness --help` stays fast.
"""

import os

__version__ = "0.1.0"

# OpenMP's threads spin while they wait, and on a shared machine fight each other. The runtime
# reads this once, when torch is imported; every package of ours imports this one first.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
