"""The upper bound of every table: the ground-truth frames."""

from harness.contracts import MethodSpec

SPEC = MethodSpec(
    id="ground-truth",
    title="Ground truth",
    paper="The ground-truth video; upper bound of every column",
    licence="Apache-2.0",
    entry="methods.baselines.ground_truth.method:GroundTruth",
    role="oracle",
    scope="nothing",
    drives=("audio", "audio+au"),
)
