"""Progress: a live display on a terminal, plain lines elsewhere, nothing for a quiet command."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from harness.contracts import Progress
from harness.engine import messages

if TYPE_CHECKING:
    from rich.console import RenderableType

#: Says how long the whole command will take; nothing where that is not known.
Left = Callable[[], str]


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes}:{seconds:02d}"


def _rate(steps: int, seconds: float) -> float:
    """Steps a second since the first report of a stage; 0 where there was but one."""
    return steps / seconds if seconds > 0 else 0.0


class _Lines:
    """One line at the start of a stage, every ten seconds, and at its end."""

    INTERVAL = 10.0

    def __init__(self, label: str, left: Left) -> None:
        self.label, self.stage, self.left = label, "", left
        self.start = self.last = 0.0
        self.first = 0

    def __call__(self, stage: str, done: int, total: int, **values: float) -> None:
        now = time.monotonic()
        if stage != self.stage:
            self.stage, self.start, self.last, self.first = stage, now, now, done
        finished = done >= total
        if not finished and now - self.last < self.INTERVAL:
            return
        self.last = now
        rate = _rate(done - self.first, now - self.start)
        pace = f", {rate:.1f}/s" if rate else ""
        eta = f", {_duration((total - done) / rate)} left" if rate and not finished else ""
        extra = "".join(f", {name} {value:.4g}" for name, value in values.items())
        if in_all := self.left():
            extra += f" ({in_all})"
        messages.note(f"{self.label} · {stage}: {done}/{total}{pace}{eta}{extra}")


def _silent(stage: str, done: int, total: int, **values: float) -> None:
    """Progress that nobody wants to see."""


@contextmanager
def watch(label: str, place: str = "", left: Left = str) -> Iterator[Progress]:
    """Progress of one cell: a bar with stage, rate and ETA on a terminal, lines elsewhere.

    Args:
        label: of the cell.
        place: which of how many it is, such as "7/23"; empty where that is not known.
        left: the time left for all of them, in words; shown below the bars, or in the lines.

    """
    if messages.level() == messages.QUIET:
        yield _silent
        return
    if not sys.stderr.isatty():
        yield _Lines(f"[{place}] {label}" if place else label, left)
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars
    from rich.table import Column
    from rich.text import Text

    number, _, count = place.partition("/")

    class WithTimeLeft(Bars):
        """The bars, and below them the time left for the whole command."""

        def get_renderables(self) -> Iterable[RenderableType]:
            yield from super().get_renderables()
            if in_all := left():
                yield Text(f"step {number} of {count}, {in_all}", "dim", no_wrap=True)

    # On a narrow terminal the label and the values give way; all else stays.
    console = Console(stderr=True)
    gives_way = Column(ratio=1, no_wrap=True, overflow="ellipsis")
    last = Column(ratio=1, no_wrap=True, overflow="ellipsis")
    columns = [
        TextColumn("{task.fields[place]}", table_column=Column(no_wrap=True)),
        TextColumn("[bold]{task.description}", table_column=Column(no_wrap=True)),
        TextColumn("{task.fields[label]}", table_column=gives_way),
        BarColumn(bar_width=24 if console.width >= 120 else 10),
        MofNCompleteColumn(table_column=Column(no_wrap=True)),
        TextColumn("{task.fields[rate]}", table_column=Column(no_wrap=True)),
        TimeRemainingColumn(compact=True, table_column=Column(no_wrap=True)),
    ]
    if console.width >= 120:
        columns.append(TextColumn("[dim]{task.fields[values]}", table_column=last))
    bars = WithTimeLeft(*columns, console=console, transient=True, expand=True)
    tasks: dict[str, tuple[TaskID, float, int]] = {}  # stage -> bar, start, steps done then

    def report(stage: str, done: int, total: int, **values: float) -> None:
        now = time.monotonic()
        if stage not in tasks:
            task = bars.add_task(
                escape(stage),  # rich takes brackets for markup
                total=total,
                label=escape(label),
                place=escape(place and f"[{place}]"),
                rate="",
                values="",
            )
            tasks[stage] = (task, now, done)
        task, start, first = tasks[stage]
        rate = f"{pace:.1f}/s" if (pace := _rate(done - first, now - start)) else ""
        shown_values = "  ".join(f"{name} {value:.4g}" for name, value in values.items())
        bars.update(task, completed=done, total=total, rate=rate, values=shown_values)

    with bars:
        yield report
