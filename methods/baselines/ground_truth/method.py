"""Shows the ground-truth test frames: what a perfect method would score."""

from methods.baselines.ground_truth.spec import SPEC
from methods.baselines.oracle import Oracle


class GroundTruth(Oracle):
    """An oracle: every frame at its own time."""

    spec = SPEC
