"""Yields the true test frames: what a perfect method would score."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.contracts import (
    NULL_CLOCK,
    FitContext,
    Method,
    RenderedFrame,
    RenderRequest,
    StageClock,
    TrainingSet,
)
from methods.baselines.ground_truth.spec import SPEC
from methods.baselines.layers import need_truth, opaque


class GroundTruth(Method):
    """An oracle: learns nothing and shows the truth, opaque."""

    def fit(self, training: TrainingSet, workdir: Path, context: FitContext) -> None:
        """Nothing to learn."""

    def load(self, workdir: Path, device: str = "cpu") -> None:
        """Nothing to read."""

    def render(
        self, request: RenderRequest, clock: StageClock = NULL_CLOCK
    ) -> Iterator[RenderedFrame]:
        """Yield the true frames.

        Raises:
            BadInput: the request holds no truth, or one of another length or size.

        """
        truth = need_truth(request, SPEC)
        for frame in truth.frames:
            with clock.stage("copy"):
                rendered = opaque(frame)
            yield rendered
