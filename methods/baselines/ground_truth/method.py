"""Shows the ground-truth test frames: what a perfect method would score."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
from methods.baselines.ground_truth.spec import SPEC
from methods.baselines.layers import opaque


class GroundTruth(Method):
    """An oracle: it learns nothing and shows the ground-truth frames, opaque."""

    spec = SPEC

    def order(self, count: int) -> Iterable[int]:
        """Index of the ground-truth frame shown at each of `count` times."""
        return range(count)

    def fit(self, training: TrainingSet, workdir: Path, context: FitContext) -> None:
        """Nothing to learn."""

    def load(self, workdir: Path, device: str = "cpu") -> None:
        """Nothing to read."""

    def render(
        self, request: RenderRequest, clock: StageClock = NULL_CLOCK
    ) -> Iterator[RenderedFrame]:
        """Yield ground-truth frames.

        Raises:
            BadInput: the request has no ground truth, or one of another length or size.

        """
        truth = request.truth
        if truth is None:
            fact = "the request has no ground truth"
            raise BadInput(self.spec.id, fact, "Set the `truth` of the request.")
        found = f"{len(truth.frames)} frames of {truth.width}x{truth.height}"
        asked = f"{request.count} frames of {request.width}x{request.height}"
        if found != asked:
            fact = f"the ground truth has {found}, and {asked} were requested"
            raise BadInput(self.spec.id, fact, "Request exactly the frames of the test part.")
        for index in self.order(request.count):
            with clock.stage("copy"):
                layer = opaque(truth.frames[index])
            yield layer
