"""Sequences of synthetic subjects, every signal true by construction."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness.contracts import (
    EMOTIONS,
    ActionUnits,
    BadInput,
    Camera,
    EmotionTrack,
    Expression,
    FrameSource,
    Masks,
    Progress,
    Sequence,
    SequenceEntry,
    SplitManifest,
)
from splits.synthetic.controls import ACTION_UNITS, CONTROLS
from splits.synthetic.recipe import Recipe
from splits.synthetic.schedule import single, tour
from splits.synthetic.store import content_of, materialise

#: People below this number are tested; the synthetic-domain networks learn from the others.
FIRST_TRAINING_IDENTITY = 100

_UNIT = {"jaw": 25.0, "tongue": 1.0, "gaze_yaw": 15.0, "gaze_pitch": 15.0}

#: Full scale of each control; the basis `synthetic` is `controls / EXPRESSION_UNITS`.
EXPRESSION_UNITS = np.array([_UNIT.get(name, 5.0) for name in CONTROLS], np.float32)


class Options(BaseModel):
    """What a manifest says of one sequence.

    schedule `tour`: all emotions in training, `test_emotions` of them in the test part.
    schedule `single`: the entry's own emotion and intensity throughout.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    identity: int = Field(ge=0)
    seed: int = Field(ge=0)
    frames: int = Field(ge=22)
    schedule: Literal["tour", "single"] = "tour"
    test_emotions: int = Field(default=3, ge=1, lt=len(EMOTIONS))


def train_frames(count: int, fraction: float) -> int:
    """Frames of the contiguous first part, rounded down as the field's own script does."""
    return math.floor(count * fraction + 1e-9)


def recipe(manifest: SplitManifest, entry: SequenceEntry) -> Recipe:
    """What decides the sequence of a manifest's entry.

    Raises:
        BadInput: the entry's options are incomplete or contradict each other.

    """
    subject = f"{manifest.name}, sequence {entry.id}"
    try:
        options = Options.model_validate(dict(entry.options))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "options"
        raise BadInput(
            subject, f"option {where!r}: {first['msg'].lower()}", "Fix it in the manifest."
        ) from error
    train = train_frames(options.frames, manifest.train_fraction)
    if options.schedule == "tour":
        test = options.frames - train
        try:
            blocks = tour(options.seed, train, test, manifest.fps, options.test_emotions)
        except ValueError as error:
            raise BadInput(subject, str(error), "Ask for more frames.") from error
    elif entry.emotion not in EMOTIONS or entry.intensity not in (1, 2, 3):
        raise BadInput(
            subject,
            f"the corpus has no emotion {entry.emotion!r} at intensity {entry.intensity!r}",
            f"Use one of {', '.join(EMOTIONS)} and an intensity of 1, 2 or 3.",
        )
    else:
        blocks = single(options.seed, entry.emotion, entry.intensity, options.frames, manifest.fps)
    height, width = manifest.resolution
    return Recipe(options.identity, options.seed, tuple(blocks), height, width, manifest.fps)


def load(
    manifest: SplitManifest,
    entry: SequenceEntry,
    progress: Progress | None = None,
    workers: int = 2,
) -> Sequence:
    """A sequence of the synthetic corpus, drawn on first use and cached.

    Args:
        manifest: the split, with loader `synthetic`.
        entry: one of its sequences.
        progress: called for each frame that has to be drawn.
        workers: processes that draw; the result does not depend on it.

    Raises:
        BadInput: bad options, or a cache that cannot be written.

    """
    wanted = recipe(manifest, entry)
    folder = materialise(wanted, progress, workers)
    return _sequence(
        folder,
        wanted,
        id=entry.id,
        subject=entry.subject,
        train_fraction=manifest.train_fraction,
        emotion=entry.emotion,
        intensity=entry.intensity,
    )


def training_sequences(
    n: int,
    resolution: tuple[int, int],
    seed: int = 0,
    *,
    frames: int = 1100,
    fps: float = 25.0,
    progress: Progress | None = None,
    workers: int = 2,
) -> Iterator[Sequence]:
    """Sequences of `n` other subjects than any split tests, one each, through all emotions.

    For the synthetic-domain networks. The subjects are `FIRST_TRAINING_IDENTITY + 1000 * seed`
    and those after; each is drawn only when the iterator reaches it.
    """
    for k in range(n):
        identity = FIRST_TRAINING_IDENTITY + 1000 * seed + k
        train = train_frames(frames, 10 / 11)
        blocks = tour(identity, train, frames - train, fps)
        wanted = Recipe(identity, identity, tuple(blocks), *resolution, fps)
        folder = materialise(wanted, progress, workers)
        name = f"person-{identity}"
        yield _sequence(folder, wanted, id=name, subject=name, train_fraction=10 / 11)


def _sequence(
    folder: Path,
    wanted: Recipe,
    *,
    id: str,
    subject: str,
    train_fraction: float,
    emotion: str | None = None,
    intensity: int | None = None,
) -> Sequence:
    def array(name: str, mode: Literal["r"] | None = None) -> np.ndarray:
        return np.load(folder / f"{name}.npy", mmap_mode=mode)

    with np.load(folder / "performance.npz") as stored:
        acted = {name: stored[name] for name in stored.files}
    controls = acted["controls"]
    count = len(controls)
    train = train_frames(count, train_fraction)

    def vertices() -> np.ndarray:
        from splits.synthetic.head import HeadModel

        return HeadModel(wanted.identity).vertices(controls).astype(np.float32)

    signals = {
        "camera": Camera(array("K"), array("world_to_camera")),
        "masks": Masks(array("bits", "r")),
        "plate": FrameSource.of(array("plate", "r")),
        "landmarks": array("landmarks"),
        "expression": Expression(controls / EXPRESSION_UNITS, "synthetic"),
        "au": ActionUnits(controls[:, : len(ACTION_UNITS)].copy(), ACTION_UNITS),
        "emotion": EmotionTrack(acted["labels"], acted["intensity"]),
        "vertices": vertices,
    }
    return Sequence(
        id=id,
        subject=subject,
        fps=wanted.fps,
        audio=array("audio"),
        frames=FrameSource.of(array("frames", "r")),
        train=range(train),
        test=range(train, count),
        emotion=emotion,
        intensity=intensity,
        domain="synthetic",
        signals=signals,
        digest=content_of(folder) or wanted.digest,
    )


__all__ = [
    "EXPRESSION_UNITS",
    "FIRST_TRAINING_IDENTITY",
    "Options",
    "load",
    "recipe",
    "train_frames",
    "training_sequences",
]
