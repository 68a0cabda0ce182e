"""The control of the sync metrics: true frames that belong to another sound."""

from harness.contracts import MethodSpec

SPEC = MethodSpec(
    id="shuffled-audio",
    title="Shuffled audio",
    paper="Control: true frames, moved by half of the test part against their sound",
    licence="Apache-2.0",
    entry="methods.baselines.shuffled_audio.method:ShuffledAudio",
    role="oracle",
    drives=("audio", "audio+au"),
)
