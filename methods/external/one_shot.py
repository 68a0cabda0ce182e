"""2D methods: a picture or a clip of the training part in, a video for the request's sound out.

Nothing is trained. `fit` keeps one source frame and one clip of the training part, a render
writes them and the sound as the checkout wants them. A checkout that makes squares of a fixed
size is given a square cut by us, and what it makes is laid back into the source frame, which
then stands still around it; no test frame is ever at hand.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from harness.contracts import BadInput, RenderRequest, Sequence
from harness.contracts.signals import EMOTIONS
from methods.external import staging
from methods.external.base import ExternalMethod
from methods.external.checkout import Job
from methods.external.errors import NoOutput
from methods.external.source_frame import Source, keep, kept, write_sound

#: Options that every one of these methods has.
OPTIONS: dict[str, Any] = {"source_frame": 0}
#: Modules of ours whose source decides the outcome.
CODE = ("methods.external.base", "methods.external.one_shot", "methods.external.source_frame",
        "methods.external.staging")  # fmt: skip
#: What a reader of a row must know, whatever the method.
NOTE = (
    "one source frame (the first) and at most 30 s of the training part are shown to it; it "
    "follows no head pose of the test, and around its square the source frame stands still"
)


class OneShot(ExternalMethod):
    """What the 2D adapters share."""

    #: Side in pixels of the squares that it makes; None: whole frames of the input's size.
    square: ClassVar[int | None] = None
    #: Seconds of silence after the sound, for checkouts that end before their sound does.
    tail: ClassVar[float] = 0.0

    def prepare(self, sequence: Sequence, job: Job) -> None:
        """Keep the source frame and the clip of the training part."""
        keep(sequence, job.data, frame=int(job.config.get("source_frame", 0)))

    def frames(self, job: Job, path: Path, request: RenderRequest) -> Iterator[np.ndarray]:
        """As the base's; squares are laid back into the source frame."""
        if self.square is None:
            return super().frames(job, path, request)
        square = replace(request, height=self.square, width=self.square)
        return self.source(job).laid(super().frames(job, path, square))

    # --- for subclasses

    def source(self, job: Job) -> Source:
        """What `prepare` kept."""
        return kept(job.data)

    def sound(self, job: Job, request: RenderRequest, folder: Path | None = None) -> Path:
        """The request's sound as `sound.wav`, 16 kHz mono, with the tail of silence."""
        return write_sound((folder or job.scratch) / "sound.wav", request.audio, self.tail)

    def length(self, request: RenderRequest) -> int:
        """Frames of the test and its tail, for clips."""
        return request.count + math.ceil(self.tail * request.fps)

    def emotion(self, job: Job) -> str:
        """The emotion to render: an option, or that of the recording.

        Raises:
            BadInput: no such emotion.

        """
        wanted = str(job.config.get("emotion", "recording"))
        if wanted == "recording":
            return self.source(job).emotion
        if wanted not in EMOTIONS:
            fact = f"{wanted!r} is no emotion"
            raise BadInput("--set emotion", fact, f"Known: recording, {', '.join(EMOTIONS)}.")
        return wanted

    def mirror(self, job: Job, but: Iterable[str] = ()) -> Path:
        """A copy of the checkout made of links, to run in: for scripts that write beside theirs.

        Folders are real, because such scripts climb out of them with `..`; what lies in `but`
        (names at the top) is left out and is this render's own.
        """
        folder = job.scratch / "checkout"
        staging.stage(job.root, folder, but=(".git", *but))
        for name in but:
            (folder / name).mkdir(parents=True, exist_ok=True)
        return folder

    def only_video(self, folder: Path, pattern: str = "*.mp4") -> Path:
        """The one video that a render left below a folder that was empty before it.

        Raises:
            NoOutput: there is none.

        """
        found = sorted(folder.glob(pattern))
        if not found:
            fact = "the checkout ended well and left no video there (see its log)"
            raise NoOutput(self.adapter.spec.id, folder / pattern, fact)
        return found[-1]


__all__ = ["CODE", "NOTE", "OPTIONS", "OneShot"]
