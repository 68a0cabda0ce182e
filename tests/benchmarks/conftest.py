import sys
from pathlib import Path

# The shim and the inputs that the benchmarks share with the tests of metrics.
sys.path.insert(0, str(Path(__file__).parents[1] / "metrics"))
