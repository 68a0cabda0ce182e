"""The end of `run`, `score` and `ablate`: table, page, closing line, exit code."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.contracts import Results
from harness.engine import messages

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
    # The path on a line of its own can be copied at any width.
    messages.note(f"{summary(engine.tally, start)} Open\n{target}")
    return not results.failures


def finish_all(
    plans: Sequence[Plan],
    place: Callable[[Plan], Path],
    device: str,
    *,
    fresh: bool = False,
    keep_failed: bool = False,
    dry_run: bool = False,
) -> bool:
    """Do all plans of a command, one after the other, or show what would be done.

    Args:
        plans: checked.
        place: the run folder of each; asked for when its turn comes, as the one before may take
            the plain name.
        device: of all.
        fresh: start new tables.
        keep_failed: do not retry what failed in an earlier run.
        dry_run: show the plans instead.

    Returns:
        Whether nothing failed.

    """
    from harness.cli.shared.rehearsal import rehearse
    from harness.engine.execution import Engine

    def engine_of(plan: Plan, more: float | None = 0.0) -> Engine:
        return Engine(place(plan), device, keep_failed=keep_failed, more=more)

    good = True
    for index, plan in enumerate(plans):
        if dry_run:
            rehearse(engine_of(plan), plan, fresh)
            continue
        later = [engine_of(one).left_of(one.units).seconds() for one in plans[index + 1 :]]
        known = [seconds for seconds in later if seconds is not None]
        more = sum(known) if len(known) == len(later) else None
        good &= finish(engine_of(plan, more), plan, fresh)
    return good


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
