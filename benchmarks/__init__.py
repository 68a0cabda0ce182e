"""Measurements of this code: agreement with reference packages, speed, and the gate.

They share inputs and reference calls with the tests of the metrics.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "metrics"))
