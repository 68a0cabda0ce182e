"""The control of the sync metrics: ground-truth frames of other audio."""

from harness.contracts import MethodSpec

SPEC = MethodSpec(
    id="shuffled-audio",
    title="Shuffled audio",
    paper="Control: ground-truth frames, shifted by half of the test part against their audio",
    licence="Apache-2.0",
    entry="methods.baselines.shuffled_audio.method:ShuffledAudio",
    role="oracle",
    scope="nothing",
    drives=("audio", "audio+au"),
)
