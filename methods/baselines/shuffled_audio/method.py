"""True frames shifted in time: pictures are perfect and the lips are out of step.

A circular shift by half of the test part puts every frame as far from its own sound as
the part allows. A sync metric that scores it like the ground truth does not hear the sound.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.contracts import (
    NULL_CLOCK,
    BadInput,
    FitContext,
    Method,
    RenderedFrame,
    RenderRequest,
    StageClock,
    TrainingSet,
)
from methods.baselines.layers import need_truth, opaque
from methods.baselines.shuffled_audio.spec import SPEC


class ShuffledAudio(Method):
    """An oracle: the true frames, circularly shifted by half of the test part."""

    def fit(self, training: TrainingSet, workdir: Path, context: FitContext) -> None:
        """Nothing to learn."""

    def load(self, workdir: Path, device: str = "cpu") -> None:
        """Nothing to read."""

    def render(
        self, request: RenderRequest, clock: StageClock = NULL_CLOCK
    ) -> Iterator[RenderedFrame]:
        """Yield frame (t + count // 2) mod count of the truth for every t.

        Raises:
            BadInput: the request holds no truth, one of another length or size, or a
                single frame, which no shift can move.

        """
        truth = need_truth(request, SPEC)
        if request.count < 2:
            raise BadInput(
                SPEC.id,
                f"a test part of {request.count} frame cannot be shifted",
                "Use a longer one.",
            )
        for t in range(request.count):
            with clock.stage("copy"):
                rendered = opaque(truth.frames[(t + request.count // 2) % request.count])
            yield rendered
