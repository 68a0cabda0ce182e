"""talking-face-bench: train, render, score and report emotional talking-face methods.

This package imports nothing at the top, so that `python -m harness --help` stays fast.
"""

__version__ = "0.1.0"
