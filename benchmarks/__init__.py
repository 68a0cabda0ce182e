"""What was measured of this code: parity, precision, speed, and the gate.

The inputs of the tests of metrics, and their questions to the reference packages, serve here too.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "metrics"))
