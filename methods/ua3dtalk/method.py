"""UA-3DTalk as a method of the harness: fit, load, render."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

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
from methods.ua3dtalk.spec import SPEC


class UA3DTalk(Method):
    """The talking head of one subject; see `fit.fit` and `render.Renderer`."""

    def fit(self, training: TrainingSet, workdir: Path, context: FitContext) -> None:
        """Train priors, face branch, mouth branch and fuse stage; resumes by itself.

        Args:
            training: the training parts of all sequences of one subject.
            workdir: receives `model.pt`, `model.json`, `fit.json`, `losses.jsonl`, `priors/`.
            context: its options are a preset of the spec, with overrides applied.

        Raises:
            MissingSignal: a sequence lacks a signal that the settings need.
            BadInput: an option, a signal or a checkpoint that cannot be used, or sequences that
                differ in subject, frame rate or size.

        """
        from methods.ua3dtalk.fit import fit

        fit(training, workdir, context)

    def files_of(self, options: Mapping[str, Any]) -> dict[str, str]:
        """Digests of the files that a fit with these options reads, by what they are.

        Raises:
            UnknownName: an option that does not exist.
            BadInput: a value that cannot be, or a file that is not there.

        """
        from methods.ua3dtalk.config import Settings
        from methods.ua3dtalk.priors.sources import digests

        settings = Settings.of(options)
        found = digests(settings.priors)
        if settings.train.official_checkpoint:
            from methods.ua3dtalk.official.subject import pinned

            found["official_checkpoint"] = pinned(settings)["official_checkpoint"]
        return found

    def load(self, workdir: Path, device: str = "cpu") -> None:
        """Read what `fit` left, and compute once what no frame changes."""
        from methods.ua3dtalk.render import Renderer

        self._renderer = Renderer(workdir, device)

    def render(
        self, request: RenderRequest, clock: StageClock = NULL_CLOCK
    ) -> Iterator[RenderedFrame]:
        """Yield the frames of a test.

        `request.controls["au"]` drives the upper face where it is given (drive `audio+au`);
        without it the face keeps the training median, eyes open (drive `audio`).

        Raises:
            BadInput: nothing is loaded, the request has no camera, or lengths differ.

        """
        if not hasattr(self, "_renderer"):
            raise BadInput(SPEC.id, "no fitted model is loaded", "Call `load(workdir)` first.")
        return self._renderer.frames(request, clock)
