"""What a method is to the harness: a spec that reads without torch, and a class."""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from harness.contracts.errors import BadInput
from harness.contracts.sequence import FrameSource, Sequence
from harness.contracts.signals import Camera


@dataclass(frozen=True)
class PublishedResult:
    """A number from a paper, with the protocol it was measured under."""

    table: str
    split: str
    values: Mapping[str, float]
    note: str


@dataclass(frozen=True)
class MethodSpec:
    """What `list` shows. `entry` is `module:Class`, imported only when the method runs."""

    id: str
    title: str
    paper: str
    licence: str
    entry: str
    track: str = "render"  # "render": frames; "mesh": vertices
    role: str = "method"  # "method", "baseline", or "oracle" (may see the test frames)
    scope: str = "sequence"  # what one fit learns from: "sequence", "subject", "corpus", "nothing"
    signals: tuple[str, ...] = ()  # needed to fit or render
    drives: tuple[str, ...] = ("audio",)  # what may drive a test: "audio", "audio+au"
    timed: bool = True  # False: renders out of process, so frames per second mean nothing
    takes_sound: bool = True  # False: renders its own test only, so no shuffled control
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: {"quick": {}})
    default_preset: str = "quick"
    published: tuple[PublishedResult, ...] = ()


class Progress(Protocol):
    """How long work tells that it is alive."""

    def __call__(self, stage: str, done: int, total: int, **values: float) -> None:
        """`done` of `total` steps of `stage`; `values` are shown and logged (loss, psnr)."""


def _silent(stage: str, done: int, total: int, **values: float) -> None:
    """A progress that is not shown."""


class StageCache(Protocol):
    """Finished stages of a fit, for other fits that have exactly the same stage.

    `inputs` are plain values: everything that determines the outcome of the stage besides the
    training set, seed, device and the method's code, which the cache adds itself.
    """

    def find(self, stage: str, inputs: Mapping[str, Any]) -> Path | None:
        """The folder of a finished stage, to be read only; None if there is none."""

    def keep(self, stage: str, inputs: Mapping[str, Any]) -> AbstractContextManager[Path]:
        """An empty folder for a part's files; kept when the block ends without an exception."""


@dataclass(frozen=True)
class TrainingSet:
    """What a fit learns from: the training parts of one or more sequences.

    A method of scope "sequence" gets one of them, of scope "subject" all of one subject, of scope
    "corpus" all of a split, of scope "nothing" none. A test frame is in none of them.
    """

    sequences: tuple[Sequence, ...] = ()

    @classmethod
    def of(cls, *sequences: Sequence) -> TrainingSet:
        """The training parts of the given sequences."""
        return cls(tuple(sequence.part(sequence.train) for sequence in sequences))

    def __len__(self) -> int:
        return len(self.sequences)

    def __iter__(self) -> Iterator[Sequence]:
        return iter(self.sequences)

    @property
    def subjects(self) -> tuple[str, ...]:
        """Who is in it, each once, in the order of the sequences."""
        return tuple(dict.fromkeys(sequence.subject for sequence in self.sequences))

    @property
    def id(self) -> str:
        """What messages call it: its only sequence, else its only subject, else how many."""
        if len(self.sequences) == 1:
            return self.sequences[0].id
        if len(self.subjects) == 1:
            return self.subjects[0]
        return f"{len(self.sequences)} sequences of {len(self.subjects)} subjects"

    @property
    def frame_count(self) -> int:
        """Frames of all sequences together."""
        return sum(len(sequence.frames) for sequence in self.sequences)

    def only(self) -> Sequence:
        """The single sequence of a method of scope "sequence".

        Raises:
            BadInput: there is none, or there are several.

        """
        if len(self.sequences) != 1:
            fact = f"it holds {len(self.sequences)} sequences, and this method learns from one"
            raise BadInput("the training set", fact, "Fit each sequence by itself.")
        return self.sequences[0]

    def uniform(self) -> Sequence:
        """The first sequence, whose rate and frame size all others have.

        Raises:
            BadInput: there is none, or they differ in frame rate or size.

        """
        if not self.sequences:
            raise BadInput("the training set", "it is empty", "Name sequences to train on.")
        first = self.sequences[0]
        for other in self.sequences[1:]:
            ours, theirs = (
                f"{one.width}x{one.height} at {one.fps:g} fps" for one in (first, other)
            )
            if ours != theirs:
                fact = f"its frames are {theirs}, those of {first.id} are {ours}"
                raise BadInput(other.id, fact, "Prepare all videos of a subject alike.")
        return first


@dataclass(frozen=True)
class FitContext:
    """What a fit is given beside its training set.

    With `stages` a fit may take finished training stages from there, and leaves its own there.
    Whether it does must not change the outcome.
    """

    options: Mapping[str, Any] = field(default_factory=dict)  # the preset, with overrides applied
    device: str = "cpu"
    seed: int = 0
    progress: Progress = _silent
    stages: StageCache | None = None


class StageClock(Protocol):
    """Times named stages of one frame; the harness owns the clock, the method marks stages."""

    def stage(self, name: str) -> AbstractContextManager[Any]:
        """A context that times `name`: one of `audio`, `deform`, `splat`, `copy`."""


class _NullClock:
    def stage(self, name: str) -> AbstractContextManager[Any]:
        return nullcontext()


NULL_CLOCK: StageClock = _NullClock()


@dataclass(frozen=True)
class RenderRequest:
    """What a method is given to render a test: never the true frames.

    `controls` holds what else drives the test by the protocol: `au` (ActionUnits) when the
    drive is `audio+au`, `emotion` (EmotionTrack). `truth` is set for oracles only.
    """

    audio: np.ndarray  # float32 [S] at 16 kHz, exactly the test part
    fps: float
    count: int  # frames to render
    height: int
    width: int
    camera: Camera | None
    controls: Mapping[str, Any] = field(default_factory=dict)
    truth: Sequence | None = None
    sequence: str = ""  # id of the test sequence and of its subject, for videos rendered elsewhere
    subject: str = ""

    @classmethod
    def of(cls, part: Sequence, controls: Mapping[str, Any], oracle: bool) -> RenderRequest:
        """The request that a test part makes, with its own sound.

        Args:
            part: the test part of a sequence.
            controls: what else drives the test.
            oracle: whether the true frames are given.

        """
        return cls(
            audio=part.audio,
            fps=part.fps,
            count=len(part.frames),
            height=part.height,
            width=part.width,
            camera=part.signal("camera") if part.has("camera") else None,
            controls=controls,
            truth=part if oracle else None,
            sequence=part.id,
            subject=part.subject,
        )


@dataclass(frozen=True)
class RenderedFrame:
    """A head layer for the harness to composite: rgb + (1 - alpha) * plate.

    rgb: float32 [H,W,3] in [0,1], already multiplied by alpha; alpha: float32 [H,W] in [0,1].
    """

    rgb: np.ndarray
    alpha: np.ndarray


class Method(abc.ABC):
    """A method under test. One instance serves one fit."""

    def check_available(self) -> None:
        """Refuse, before any work, what cannot run here; by default nothing is checked.

        Raises:
            Unavailable: a program, a licence or weights that the method needs are missing.
            BadInput: its configuration cannot be read.

        """

    def check_sequences(self, sequences: list[Sequence]) -> None:
        """Refuse, before any work, sequences that it cannot use; by default none is refused.

        Args:
            sequences: all that it will be fitted on or tested on, whole (not only their
                training parts). Only cheap checks belong here: every one is done at every start.

        Raises:
            BadInput: one has another frame rate or size than the method knows, or lacks a file.

        """

    @abc.abstractmethod
    def fit(self, training: TrainingSet, workdir: Path, context: FitContext) -> None:
        """Learn from the training parts and leave all that is needed in `workdir`.

        Must resume from what an interrupted fit left in `workdir`.
        """

    @abc.abstractmethod
    def load(self, workdir: Path, device: str = "cpu") -> None:
        """Read what `fit` left. Nothing is unpickled that is not a plain tensor file."""

    @abc.abstractmethod
    def render(
        self, request: RenderRequest, clock: StageClock = NULL_CLOCK
    ) -> Iterator[RenderedFrame]:
        """Yield `request.count` frames, in order, each at `request.height` x `request.width`."""


#: A method factory needs no arguments; its options arrive with the context.
MethodFactory = Callable[[], Method]

__all__ = [
    "NULL_CLOCK",
    "FitContext",
    "FrameSource",
    "Method",
    "MethodFactory",
    "MethodSpec",
    "Progress",
    "PublishedResult",
    "RenderRequest",
    "RenderedFrame",
    "StageCache",
    "StageClock",
    "TrainingSet",
]
