"""A user's request, with every default made explicit: rows, their data, metrics, device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: Baselines that give every table its scale, best first.
BASELINES = ("ground-truth", "still", "nearest-audio", "shuffled-audio")

#: Training frames for each test frame of a limited run, as in the field's split of 10/11.
TRAINING_FRAMES = 10


@dataclass(frozen=True)
class MethodRow:
    """A method under some options; one row of the table for each driving signal.

    Attributes:
        method: id.
        preset: None for the method's default.
        options: over the preset.
        seeds: of training.
        drives: None for the method's own and its control.
        variant: name of the row in an ablation; empty otherwise.

    """

    method: str
    preset: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    seeds: tuple[int, ...] = (0,)
    drives: tuple[str, ...] | None = None
    variant: str = ""


@dataclass(frozen=True)
class SplitData:
    """Test sequences of a split.

    Attributes:
        split: a registered name, or the folder of a prepared subject.
        sequences: the only ones to test on; None for all. Training sets stay whole.
        tests: of a prepared subject, sequences that are tested whole and not trained on.
        limit: test only the first frames of each test part, and train on `TRAINING_FRAMES` times
            as many; None for all.

    """

    split: str
    sequences: tuple[str, ...] | None = None
    tests: tuple[str, ...] = ()
    limit: int | None = None


@dataclass(frozen=True)
class FilesRow:
    """Finished predictions: a file, or a folder of files paired with the ground truth by name."""

    name: str
    path: Path


@dataclass(frozen=True)
class Remedies:
    """What may be done to make two sides comparable; its use is recorded in the result.

    Attributes:
        resample_fps: resample both sides to this rate by repeating or dropping whole frames.
        trim: cut frames and sound at the end, to the shortest.
        resize: resize the prediction to the ground truth (Pillow's antialiased bicubic).

    """

    resample_fps: float | None = None
    trim: bool = False
    resize: bool = False


@dataclass(frozen=True)
class FilesData:
    """Ground truth on disk, and how the two sides are made comparable.

    Attributes:
        truth: a file or a folder of them.
        remedies: what may be done about differences.
        fps: frame rate of folders of images.
        domain: "photo" or "synthetic"; None for what the files state.
        drive: driving signal of the predictions, for the row.
        with_truth: also score the ground truth against itself.
        labels: CSV of subjects and emotions.
        common: template and regions of meshes, with the `digest` of their files.
        limit: score only the first frames of each sequence; None for all.

    """

    truth: Path
    remedies: Remedies = field(default_factory=Remedies)
    fps: float | None = None
    domain: str | None = None
    drive: str = ""
    with_truth: bool = False
    labels: Path | None = None
    common: Mapping[str, Any] = field(default_factory=dict)
    limit: int | None = None


@dataclass(frozen=True)
class Request:
    """A table: methods on a split, or files against files.

    `metrics` None means all that apply; a metric that is named must be able to run.
    """

    rows: tuple[MethodRow, ...] | tuple[FilesRow, ...]
    data: SplitData | FilesData
    metrics: tuple[str, ...] | None = None
    device: str = "cpu"


def rows_of(
    names: tuple[str, ...],
    baselines: bool,
    preset: str | None = None,
    options: Mapping[str, Any] | None = None,
    seeds: tuple[int, ...] = (0,),
) -> tuple[MethodRow, ...]:
    """One row per method, each once, then the baselines that are not among them."""
    wanted = dict.fromkeys((*names, *(BASELINES if baselines else ())))
    return tuple(MethodRow(name, preset, options or {}, seeds) for name in wanted)


def limited_name(name: str, limit: int | None) -> str:
    """Name of a table of the data of that name: none takes a limited one for a full one."""
    return name if limit is None else f"{name} (first {limit} frames)"


def limited_folder(name: str, limit: int | None) -> str:
    """The run folder of such a table."""
    return name if limit is None else f"{name}-first-{limit}"
