"""The end of `run`, `score` and `ablate`: table, page, closing line, exit code."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from harness.contracts import Results

if TYPE_CHECKING:
    from harness.engine.execution import Engine, Tally
    from harness.engine.planning import Plan


def finish(
    engine: Engine,
    plan: Plan,
    fresh: bool = False,
    show: Callable[[Results], str] | None = None,
) -> bool:
    """Compute what a plan lacks, print the table, and summarise in one line what was done.

    `fresh` starts a new table instead of adding to the one in the folder; `show` renders the
    results, by default as the leaderboard. Returns whether nothing failed.
    """
    from harness.ablation import page
    from reports import tables
    from reports.page.assemble import NAME

    start = time.perf_counter()
    target = engine.out / NAME
    results = engine.run(plan, fresh)
    table = show(results) if show else tables.render(results, "table")
    # A run that was killed between its results and its page gets the page now.
    if not engine.tally.unchanged or not target.is_file():
        page.write_page(results, engine.out)
    print(table)
    print(f"{summary(engine.tally, start)} Open {target}", file=sys.stderr)
    return not results.failures


def summary(tally: Tally, start: float) -> str:
    """What was done since `start`."""
    if tally.unchanged:
        return "Nothing to do: all cells are finished."
    cells = "cell" if tally.computed == 1 else "cells"
    parts = [f"{tally.computed} {cells} computed, {tally.reused} reused, {tally.failed} failed"]
    if tally.trained or tally.shared:
        parts.append(
            f"{tally.trained} training stages computed, {tally.shared} shared with another row"
        )
    return f"{'; '.join(parts)} in {time.perf_counter() - start:.0f} s."
