"""A job: one test sequence of one row under one seed, as cells to compute and as it is stored.

An entry is what the table of a run folder keeps of a job: facts of row and sequence, and the keys
of the cells that hold its numbers. The leaderboard is built from entries, so commands add to it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np

from harness.contracts import Clip, Method, MetricSpec, Progress
from harness.engine.cells.store import Cell, Store

#: Frames in order, both sides: (index of the first, prediction [B,H,W,3], ground truth [B,H,W,3]).
Batches = Iterable[tuple[int, np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class RowFacts:
    """Description of a row of the table; name and drive identify it."""

    name: str
    title: str
    role: str  # "method", "baseline", "oracle"
    drive: str
    preset: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    place: int = 0  # in the table


@dataclass(frozen=True)
class SequenceFacts:
    """The test sequence of a job: `frames` of `height` x `width` at `fps`."""

    id: str
    subject: str
    emotion: str | None
    intensity: int | None
    fps: float
    height: int
    width: int
    frames: int
    place: int = 0  # in the split


@dataclass(frozen=True)
class TableFacts:
    """What all entries of a table share.

    split: name of the split or of the ground truth; key: distinguishes data of one name.
    about: domain, licence and protocol of the split.
    folders: names for the run folder, the second for when other data has the first.
    """

    split: str
    key: str
    about: Mapping[str, Any]
    folders: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """A job as the table keeps it.

    cells: kind -> key, of the cells that made the prediction, in order.
    scores: metric id -> key of its cell.
    unavailable: metric id -> why it cannot score here, as in `Absence`.
    video: a file for viewing, if no render cell has one.
    protocol: facts of the row that determine values, besides those of the sequence.
    notes: what a reviewer would want to know about this comparison.
    config: key of the file of `run --config` that asked for it, if one did.
    """

    row: RowFacts
    sequence: SequenceFacts
    seed: int
    cells: Mapping[str, str]
    scores: Mapping[str, str]
    unavailable: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    video: str = ""
    protocol: Mapping[str, Any] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)
    config: str = ""


class Runtime(Protocol):
    """What a unit of work may use of the process that executes it."""

    device: str
    store: Store
    share_stages: bool  # whether fits share finished training stages

    def method(self, method_id: str, fit: Cell) -> Method:
        """The fitted method, loaded once for all its renders."""
        ...

    def count_stages(self, trained: int, reused: int) -> None:
        """Count training stages, for the closing line."""
        ...


#: Computes one cell: (runtime, folder to write to, record to fill, progress).
Work = Callable[[Runtime, Path, dict[str, Any], Progress], None]


@dataclass(frozen=True)
class Effort:
    """What decides how long a unit takes; it determines no result.

    kind: of cell; facts: what else must be equal for the same cost; size: number of frames, in
    proportion to which the time grows; family: other work that costs about as much.
    """

    kind: str
    facts: tuple[str, ...]
    size: float = 1.0
    family: str = ""

    def of_size(self, size: float) -> Effort:
        """The same work on another number of frames."""
        return replace(self, size=size)


@dataclass(frozen=True)
class CellUnit:
    """One cell and how to compute it, after the cells that it needs."""

    cell: Cell
    work: Work
    effort: Effort
    needs: tuple[Cell, ...] = ()
    resumes: bool = False  # an interrupted attempt leaves its folder for the next

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The one cell."""
        return (self.cell,)

    @property
    def lock(self) -> str:
        """Name of the lock: the cell's key."""
        return self.cell.key

    @property
    def label(self) -> str:
        """For messages."""
        return self.cell.label

    @property
    def kind(self) -> str:
        """The kind of its cell."""
        return self.cell.kind

    def effort_of(self, todo: Collection[Cell]) -> Effort:
        """What it takes."""
        return self.effort


@dataclass(frozen=True)
class ScoreUnit:
    """All scores of one prediction, made in one pass over its frames.

    open: the clip and its frames, from the store; no frames for metrics of timings.
    """

    label: str
    lock: str
    scores: tuple[tuple[MetricSpec, Cell], ...]
    open: Callable[[Store], tuple[Clip, Batches]]
    effort: Effort
    needs: tuple[Cell, ...] = ()
    kind: ClassVar[str] = "score"

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells of the scores."""
        return tuple(cell for _, cell in self.scores)

    def effort_of(self, todo: Collection[Cell]) -> Effort:
        """What some of its scores take."""
        names = tuple(spec.id for spec, cell in self.scores if cell in todo)
        return replace(self.effort, facts=(*self.effort.facts, *names))


@dataclass(frozen=True)
class Job:
    """An entry of the table and the work behind it, in order."""

    entry: Entry
    units: tuple[CellUnit | ScoreUnit, ...]

    def cell(self, kind: str) -> Cell:
        """The job's only cell of a kind.

        Raises:
            KeyError: it has none.

        """
        for unit in self.units:
            if isinstance(unit, CellUnit) and unit.cell.kind == kind:
                return unit.cell
        raise KeyError(kind)
