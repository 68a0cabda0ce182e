"""Retrieval: for every frame of audio, the training frame with the most similar audio."""

from harness.contracts import MethodSpec

SPEC = MethodSpec(
    id="nearest-audio",
    title="Nearest audio",
    paper="Baseline: unit selection over the training frames (log-mel distance, Viterbi)",
    licence="Apache-2.0",
    entry="methods.baselines.nearest_audio.method:NearestAudio",
    role="baseline",
    scope="subject",
    signals=("masks",),
    drives=("audio", "audio+au"),
    presets={"quick": {"context_seconds": 0.24, "jump_cost": 0.5}},
)
