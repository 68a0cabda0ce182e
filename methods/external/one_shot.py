"""2D methods: from a frame or a video of the training part to a video for the requested audio.

Nothing is trained. `fit` keeps one source frame and one video of the training part; a render
writes them and the audio as the checkout expects them. A checkout that makes squares of a fixed
size gets a square crop, and its output is pasted back into the source frame, which stands still
around it. No test frame is ever available to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from harness.contracts import BadInput, MethodSpec, RenderRequest, Sequence
from harness.contracts.signals import EMOTIONS
from methods.external.base import ExternalMethod
from methods.external.errors import NoOutput
from methods.external.run import staging
from methods.external.run.checkout import Adapter, CheckoutJob, checkout_spec
from methods.external.source_frame import SourceFrame, keep, kept

#: Where checkouts that take a path are made to write, in the copy of the checkout.
RESULT = "results/made.mp4"
#: What a reader of published numbers must know, whatever the method.
NOTE = (
    "in this benchmark the method sees one source frame (the first) and at most 30 s of the "
    "training part, does not follow the head pose of the test, and, if it renders a square crop, "
    "leaves the frame around it still"
)
#: The adapter of a 2D method: it needs no prepared folder, and a smoke run is a plain run.
OneShotAdapter = partial(Adapter, layout=False, smoke={}, free_gib=2.0)


def one_shot_spec(
    id: str,
    presets: Mapping[str, Mapping[str, Any]],
    published_note: str = NOTE,
    **facts: Any,
) -> MethodSpec:
    """The spec of a 2D method; every preset names the source frame."""
    options = {name: {"source_frame": 0, **entries} for name, entries in presets.items()}
    return checkout_spec(id, options, published_note, **facts)


class OneShot(ExternalMethod):
    """What the 2D adapters share."""

    #: Side in pixels of the squares that it makes; None: whole frames of the input's size.
    square: ClassVar[int | None] = None
    #: Seconds of silence after the audio, for checkouts that end some frames before their audio
    #: does; what they render of the silence is dropped.
    tail: ClassVar[float] = 0.0

    def prepare(self, sequence: Sequence, job: CheckoutJob) -> None:
        """Keep the source frame and the video of the training part."""
        keep(sequence, job.data, frame=int(job.config.get("source_frame", 0)))

    def frames(self, job: CheckoutJob, path: Path, request: RenderRequest) -> Iterator[np.ndarray]:
        """As usual; squares are pasted back into the source frame."""
        if self.square is None:
            return super().frames(job, path, request)
        square = replace(request, height=self.square, width=self.square)
        source, frame = self.source(job).square, self.source(job).frame
        return (source.paste(image, frame) for image in super().frames(job, path, square))

    def collect(self, job: CheckoutJob, request: RenderRequest) -> Path:
        """By default `RESULT` of the copy of the checkout."""
        return job.scratch / "checkout" / RESULT

    # --- for subclasses

    def source(self, job: CheckoutJob) -> SourceFrame:
        """What `prepare` kept."""
        return kept(job.data)

    def sound(self, job: CheckoutJob, request: RenderRequest, folder: Path | None = None) -> Path:
        """Write the requested audio as `sound.wav`, 16 kHz mono, with the tail of silence."""
        from harness.media.audio import write_wav

        path = (folder or job.scratch) / "sound.wav"
        write_wav(path, np.pad(request.audio, (0, round(self.tail * 16_000))))
        return path

    def emotion(self, job: CheckoutJob) -> str:
        """The emotion to render: an option, or (`recording`) that of the sequence.

        Raises:
            BadInput: there is no such emotion.

        """
        wanted = str(job.config.get("emotion", "recording"))
        if wanted == "recording":
            return self.source(job).emotion
        if wanted not in EMOTIONS:
            fact = f"{wanted!r} is not an emotion"
            raise BadInput("--set emotion", fact, f"Known: recording, {', '.join(EMOTIONS)}.")
        return wanted

    def mirror(self, job: CheckoutJob, but: Iterable[str] = ()) -> Path:
        """A copy of the checkout made of links, for scripts that write beside their own files.

        Folders are real, because such scripts leave them by `..`; those in `but` (names at the
        top) are left out and start empty.
        """
        folder = job.scratch / "checkout"
        staging.stage(job.root, folder, but=(".git", *but))
        for name in but:
            (folder / name).mkdir(parents=True, exist_ok=True)
        return folder

    def only_video(self, folder: Path, pattern: str = "*.mp4") -> Path:
        """The one video that a render wrote below a folder that was empty before it.

        Raises:
            NoOutput: there is none.

        """
        found = sorted(folder.glob(pattern))
        if not found:
            fact = "the command succeeded but wrote no video there (see its log)"
            raise NoOutput(self.adapter.spec.id, folder / pattern, fact)
        return found[-1]
