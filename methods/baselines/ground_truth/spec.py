"""The upper bound of every table: the true frames."""

from harness.contracts import MethodSpec

SPEC = MethodSpec(
    id="ground-truth",
    title="Ground truth",
    paper="The recording itself; upper bound of every column",
    licence="Apache-2.0",
    entry="methods.baselines.ground_truth.method:GroundTruth",
    role="oracle",
    drives=("audio", "audio+au"),
)
