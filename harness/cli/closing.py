"""How `run`, `score` and `ablate` end: the table, the page, one closing line, the exit code."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from harness.contracts import Results
    from harness.engine.run import Tally


class Worker(Protocol):
    """What works through a plan into a folder: a `Runner` or a `Scorer`."""

    out: Path
    tally: Tally

    def run(self, plan: Any) -> Results:
        """Do what is missing, write the results."""


def carry_out(
    worker: Worker, plan: Any, key: str, show: Callable[[Results], str] | None = None
) -> bool:
    """Do what a plan still lacks, print its table, and say in one line what was done.

    Args:
        worker: does it.
        plan: what is to be done.
        key: of the plan; complete results that carry it are shown again as they are.
        show: makes the table of the results; by default the leaderboard.

    Returns:
        Whether nothing failed.

    """
    from harness.ablation import sections
    from reports import stored, tables
    from reports.page import assemble as page

    start = time.perf_counter()
    target = worker.out / page.NAME
    results = stored.unchanged(worker.out, key)
    done = results is not None
    if results is None:
        results = worker.run(plan)
    table = show(results) if show else tables.render(results, "table")
    # A run that was killed between its results and its page gets the page now.
    if not done or not target.is_file():
        sections.write_page(results, worker.out)
    print(table)
    line = "Nothing to do: everything is finished." if done else told(worker.tally, start)
    print(f"{line} Open {target}", file=sys.stderr)
    return not worker.tally.failed


def told(tally: Tally, start: float) -> str:
    """What was done since `start`."""
    cells = "cell" if tally.computed == 1 else "cells"
    parts = [
        f"{tally.computed} {cells} computed, {tally.reused} reused, {len(tally.failed)} failed"
    ]
    if tally.trained or tally.shared:
        parts.append(f"{tally.trained} training stages done, {tally.shared} taken from another row")
    return f"{'; '.join(parts)} in {time.perf_counter() - start:.0f} s."
