"""Methods that see the test: they learn nothing and show ground-truth frames in some order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar

from harness.contracts import (
    NULL_CLOCK,
    BadInput,
    FitContext,
    Method,
    MethodSpec,
    RenderedFrame,
    RenderRequest,
    StageClock,
    TrainingSet,
)
from methods.baselines.layers import opaque


class Oracle(Method):
    """Shows the ground truth, opaque. A subclass sets `spec` and the order of the frames."""

    spec: ClassVar[MethodSpec]

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
            raise BadInput(self.spec.id, fact, "Run it with the role 'oracle'.")
        found = (len(truth.frames), truth.height, truth.width)
        asked = (request.count, request.height, request.width)
        if found != asked:
            raise BadInput(
                self.spec.id,
                f"the ground truth has {found[0]} frames of {found[2]}x{found[1]}, "
                f"the request {asked[0]} of {asked[2]}x{asked[1]}",
                "Ask for exactly the test part.",
            )
        for index in self.order(request.count):
            with clock.stage("copy"):
                layer = opaque(truth.frames[index])
            yield layer
