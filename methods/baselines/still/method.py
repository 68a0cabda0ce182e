"""Shows the head of the first training frame, whatever the audio.

It is composited over the test's own background plate like every other method, so it differs from a
method in the head alone.
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
from methods.baselines.layers import check_size, head_layer, read_layer, rendered, write_layers
from methods.baselines.still.spec import SPEC


class Still(Method):
    """A baseline: one head layer, repeated."""

    def fit(self, training: TrainingSet, workdir: Path, context: FitContext) -> None:
        """Keep the head layer of the first training frame of the first sequence.

        Raises:
            MissingSignal: the sequence has no masks.
            BadInput: the first frame's head mask is empty, or the sequences differ in frame rate
                or size.

        """
        sequence = training.uniform()
        folder = workdir / "layers"
        if folder.is_dir():
            return
        mask = sequence.signal("masks", SPEC.id).region("head", 0)
        if not mask.any():
            fact = "the head mask of its first frame is empty"
            raise BadInput(sequence.id, fact, "Prepare the masks again.")
        write_layers(folder, [head_layer(sequence.frames[0], mask)])
        context.progress("still", 1, 1)

    def load(self, workdir: Path, device: str = "cpu") -> None:
        """Read the head layer."""
        self._layer = read_layer(workdir / "layers", 0)

    def render(
        self, request: RenderRequest, clock: StageClock = NULL_CLOCK
    ) -> Iterator[RenderedFrame]:
        """Yield the same head layer for every frame.

        Raises:
            BadInput: the request is of another size than the training frames.

        """
        check_size(self._layer, request, SPEC)
        for _ in range(request.count):
            with clock.stage("copy"):
                layer = rendered(self._layer)
            yield layer
