"""Retrieval: for every sound, the training frame that sounded most like it."""

from harness.contracts import MethodSpec

SPEC = MethodSpec(
    id="nearest-audio",
    title="Nearest audio",
    paper="Baseline: unit selection over the training part (log-mel distance, Viterbi)",
    licence="Apache-2.0",
    entry="methods.baselines.nearest_audio.method:NearestAudio",
    role="baseline",
    signals=("masks",),
    drives=("audio", "audio+au"),
    presets={"quick": {"context_seconds": 0.24, "jump_cost": 0.5}},
)
