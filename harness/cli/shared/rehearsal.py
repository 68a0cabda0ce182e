"""`--dry-run`: the plan as a table; nothing is computed, and nothing but the cache is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.engine.execution import Engine
    from harness.engine.outlook.preview import PlannedWork, Preview
    from harness.engine.planning import Plan


def rehearse(engine: Engine, plan: Plan, fresh: bool = False) -> None:
    """Print what an engine would do.

    Raises:
        BadInput: what the engine would refuse.

    """
    from harness.engine.outlook.preview import preview

    show(preview(plan, engine.out, engine.cells, engine.device, fresh, engine.keep_failed))


def show(found: Preview) -> None:
    """Print a preview: a table that fits the terminal, then sentences."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from harness.engine.outlook.preview import WORK

    console = Console()
    console.print(Text(f"{found.split}: into {found.folder}"), soft_wrap=True)
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("row", overflow="fold")
    table.add_column("work", no_wrap=True)
    for head in ("to do", "finished", "each took"):
        table.add_column(head, justify="right", no_wrap=True)
    row = drive = ""
    for work in found.works:
        same = work.row == row
        new = f"[{work.drive}]" if work.drive and (work.drive != drive or not same) else ""
        first = Text(f"  {new}" if same else f"{work.row} {new}".rstrip())
        table.add_row(first, WORK[work.kind], _todo(work), str(work.finished), _each(work))
        row, drive = work.row, work.drive
    console.print(table)
    console.print(Text(_total(found)), soft_wrap=True)
    for name, why in found.impossible.items():
        console.print(Text(f"cannot run: {name}: {why}"), soft_wrap=True)


def _todo(work: PlannedWork) -> str:
    if work.left:
        return f"{work.todo} ({work.left} failed, kept)"
    return f"{work.todo} ({work.retried} failed)" if work.retried else str(work.todo)


def _each(work: PlannedWork) -> str:
    """The mean of the last times, where they are known."""
    from harness.engine.outlook.costs import duration

    return duration(sum(work.last) / len(work.last)) if work.last else "unknown"


def _total(found: Preview) -> str:
    from harness.engine.outlook.costs import duration

    if not found.todo:
        return f"Nothing to do: all {found.finished} steps are finished."
    text = f"{found.todo} steps to do, {found.finished} finished. "
    if found.unknown == found.todo:
        return text + "None of them ran on this machine before, so their time is unknown."
    last = duration(found.seconds)
    if not found.unknown:
        return text + f"The last time they took {last} in all."
    known = found.todo - found.unknown
    return text + f"The last time {known} of them took {last}; {found.unknown} never ran here."
