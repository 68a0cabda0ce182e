"""What a plan would do in a folder: to do, finished, impossible, and how long it took before.

Nothing is computed or written. What the real command would refuse is refused.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from harness.contracts import BadInput
from harness.engine.cells.store import Store
from harness.engine.outlook.costs import Costs
from harness.engine.planning import Plan
from harness.engine.tables.entries import EntryTable

#: What is done for each kind of cell.
WORK = {
    "truth": "archive truth",
    "fit": "fit",
    "render": "render",
    "time": "time",
    "score": "score",
}


@dataclass
class PlannedWork:
    """All work of one kind for one row of the table.

    A unit is one cell, or all scores of one prediction: one pass over its frames. `last` are the
    seconds of each unit the last time, where that is known.
    """

    row: str
    drive: str  # empty for what all driving signals share
    kind: str
    todo: int = 0
    finished: int = 0
    retried: int = 0  # of those to do: units that failed before
    left: int = 0  # failed before and left alone
    last: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Preview:
    """A plan beside what its folder holds.

    impossible: metric -> why it cannot run here.
    """

    folder: Path
    split: str
    works: tuple[PlannedWork, ...]
    impossible: dict[str, str]
    seconds: float  # of the units that are to do and whose like ran here
    unknown: int  # of them, units whose like never ran here

    @property
    def todo(self) -> int:
        """Units to compute."""
        return sum(work.todo for work in self.works)

    @property
    def finished(self) -> int:
        """Units to reuse."""
        return sum(work.finished for work in self.works)


def preview(
    plan: Plan,
    out: Path,
    cells: Path,
    device: str,
    fresh: bool = False,
    keep_failed: bool = False,
) -> Preview:
    """Compare a plan with what is stored.

    Args:
        plan: of a command.
        out: folder of its table.
        cells: folder of its cells.
        device: to which costs belong.
        fresh: whether a new table is started.
        keep_failed: whether failures are left alone.

    Raises:
        BadInput: the folder holds another table, or cannot be made or written to.

    """
    for folder in (out, cells):
        check_writable(folder)
    EntryTable(out).check(plan.table, fresh)
    store, costs = Store(cells), Costs(device)
    rows = {
        unit.lock: (job.entry.row.name, job.entry.row.drive)
        for job in reversed(plan.jobs)
        for unit in job.units
    }
    works: dict[tuple[str, str, str], PlannedWork] = {}
    efforts = []
    for unit in plan.units:
        place = _place(unit.kind, *rows[unit.lock])
        work = works.setdefault((*place, unit.kind), PlannedWork(*place, unit.kind))
        missing = [cell for cell in unit.cells if not store.done(cell)]
        failed = [cell for cell in missing if store.failure(cell.kind, cell.key)]
        todo = [cell for cell in missing if not (keep_failed and cell in failed)]
        effort = unit.effort_of(todo or unit.cells)
        if (seconds := costs.seconds(effort)) is not None:
            work.last.append(seconds)
        if todo:
            efforts.append(effort)
            work.todo += 1
            work.retried += bool(failed)
        elif failed:
            work.left += 1
        else:
            work.finished += 1
    known = [seconds for effort in efforts if (seconds := costs.seconds(effort)) is not None]
    impossible = {name: absence.sentence for name, absence in plan.unavailable.items()}
    return Preview(
        out,
        plan.table.split,
        tuple(works.values()),
        impossible,
        sum(known),
        len(efforts) - len(known),
    )


def _place(kind: str, row: str, drive: str) -> tuple[str, str]:
    """Row and drive that work is for: the truth serves all rows, a fit all driving signals."""
    if kind == "truth":
        return "all rows", ""
    return row, "" if kind == "fit" else drive


def check_writable(folder: Path) -> None:
    """Refuse a folder that cannot be made or written to; it is not made.

    Raises:
        BadInput: a file is in the way, or permissions.

    """
    cure = "Choose another folder with --out."
    nearest = next((p for p in (folder, *folder.absolute().parents) if p.exists()), Path.cwd())
    if not nearest.is_dir():
        raise BadInput(folder, f"{nearest} is a file, and a folder is needed there", cure)
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise BadInput(nearest, "cannot be written to", f"Check its permissions. {cure}")
