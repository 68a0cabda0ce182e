"""The lower bound of image quality: one frame of the subject, without motion."""

from harness.contracts import MethodSpec

SPEC = MethodSpec(
    id="still",
    title="Still",
    paper="Baseline: the head of the first training frame, in every frame",
    licence="Apache-2.0",
    entry="methods.baselines.still.method:Still",
    role="baseline",
    scope="subject",
    signals=("masks",),
    drives=("audio", "audio+au"),
)
