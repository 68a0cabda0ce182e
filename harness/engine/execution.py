"""Executing a plan: every cell once, by the process that claims it first."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.contracts import HarnessError, Method, Results
from harness.engine import messages
from harness.engine.cells.locks import PATIENCE, held
from harness.engine.cells.store import Cell, Store
from harness.engine.jobs import CellUnit, ScoreUnit
from harness.engine.outlook.costs import Costs
from harness.engine.outlook.reasons import Reasons
from harness.engine.outlook.remaining import Remaining
from harness.engine.planning import Plan
from harness.engine.progress import watch
from harness.engine.provenance import made_with
from harness.engine.tables import results
from harness.engine.tables.entries import EntryTable
from harness.engine.work import scoring
from harness.storage import make_folder, writing_to
from methods import catalog as methods
from metrics import catalog as metrics

Unit = CellUnit | ScoreUnit

#: Seconds between checks of cells that other processes compute.
POLL = 0.1


@dataclass
class Tally:
    """What a run computed, for the closing line."""

    computed: int = 0
    reused: int = 0
    failed: int = 0
    trained: int = 0  # training stages that were stored for other fits
    shared: int = 0  # training stages that a fit reused
    unchanged: bool = False  # nothing was done and the stored results are complete


class Engine:
    """Executes a plan; a cell is computed at most once, by any number of processes.

    Args:
        out: folder of the table.
        device: where to compute.
        cells: folder of the cells, if another one: the tables of a split share cells.
        share_stages: whether fits of one method share finished training stages.
        keep_failed: do not retry cells that failed in an earlier run.
        more: seconds of what the command does afterwards, for the time left; None if unknown.

    """

    def __init__(
        self,
        out: Path,
        device: str = "cpu",
        cells: Path | None = None,
        share_stages: bool = False,
        keep_failed: bool = False,
        more: float | None = 0.0,
    ) -> None:
        self.out, self.device, self.cells = out, device, cells or out
        self.share_stages, self.keep_failed = share_stages, keep_failed
        self.store, self.tally, self.more = Store(self.cells), Tally(), more
        self.reasons = Reasons(self.store)
        self._loaded: tuple[str, Method] | None = None
        self._failed: set[str] = set()  # keys that failed, or were left alone, in this run

    def run(self, plan: Plan, fresh: bool = False) -> Results:
        """Compute what is missing, then collect the results of the whole table.

        Args:
            plan: of this command.
            fresh: start a new table instead of adding to the one that is there.

        Raises:
            BadInput: the folder holds a table of other data, or writing fails.

        """
        for folder in (self.cells, self.out):
            make_folder(folder)
        table = EntryTable(self.out)
        with writing_to(self.out):
            table.add(plan.table, (job.entry for job in plan.jobs), fresh, plan.config)
            self.store.sweep()
            self.execute(plan.units)
            with held(self.out / ".results.lock", "it is writing results"):
                return self._results(table)

    def _results(self, table: EntryTable) -> Results:
        if self.tally.computed == 0 and not self.tally.failed:
            stored = results.unchanged(table, self.store)
            if stored is not None:
                self.tally.unchanged = True
                return stored
        return results.write(table, self.store, self.device)

    def execute(self, units: Sequence[Unit]) -> None:
        """Compute units in order; those of other processes are checked again later."""
        pending = list(units)
        idle, said = time.monotonic(), False
        order = {unit.lock: f"{number}/{len(pending)}" for number, unit in enumerate(pending, 1)}
        self.remaining = self.left_of(units)
        while pending:
            left = [unit for unit in pending if not self._attempt(unit, order[unit.lock])]
            if len(left) < len(pending):
                idle, said = time.monotonic(), False
            elif left:
                if not said and time.monotonic() - idle > PATIENCE:
                    messages.note(f"waiting for another process: {left[0].label}")
                    said = True
                time.sleep(POLL)
            pending = left

    def left_of(self, units: Sequence[Unit]) -> Remaining:
        """What units that are not finished will take."""
        work = {unit.lock: unit.effort_of(todo) for unit in units if (todo := self._missing(unit))}
        return Remaining(Costs(self.device), work, self.more)

    def _missing(self, unit: Unit) -> list[Cell]:
        """The cells of a unit that this run computes: not finished, and not left as failed."""
        return [
            cell
            for cell in unit.cells
            if not self.store.done(cell)
            and not (self.keep_failed and self.store.failure(cell.kind, cell.key))
        ]

    def _attempt(self, unit: Unit, place: str) -> bool:
        """Whether a unit is finished or has failed; `place` is shown with its progress."""
        if any(cell.key in self._failed for cell in unit.needs):
            self._failed |= {cell.key for cell in unit.cells if not self.store.done(cell)}
            self.remaining.drop(unit.lock)
            return True
        missing = self._missing(unit)
        kept = [cell for cell in unit.cells if cell not in missing]  # finished, or left as failed
        self._failed |= {cell.key for cell in kept if not self.store.done(cell)}
        if not missing:
            self.tally.reused += sum(cell.key not in self._failed for cell in unit.cells)
            self._explain(unit.cells, place)
            self.remaining.drop(unit.lock)
            return True
        if not all(self.store.done(cell) for cell in unit.needs):
            return False
        lock = self.store.claim(unit.lock)
        if lock is None:
            self.remaining.shared = True
            return False
        try:
            todo = [cell for cell in missing if not self.store.done(cell)]
            self.tally.reused += len(unit.cells) - len(todo)
            self._explain(unit.cells, place)
            failed = self.tally.failed
            self.remaining.begin(unit.lock)
            if isinstance(unit, CellUnit):
                for cell in todo:
                    self._do(unit, cell, place)
            elif todo:
                self._score(unit, todo, place)
            self.remaining.end(unit.lock, bool(todo) and self.tally.failed == failed)
        finally:
            lock.release()
        return True

    def _explain(self, cells: Collection[Cell], place: str) -> None:
        """Say of every cell why it is computed or not, where that is asked for."""
        if messages.level() == messages.VERBOSE:
            for cell in cells:
                messages.detail(f"[{place}] {self.reasons.of(cell, self.keep_failed)}")

    def _do(self, unit: CellUnit, cell: Cell, place: str) -> None:
        try:
            with (
                watch(cell.label, place, self.remaining.text) as progress,
                self.store.open(cell, keep_partial=unit.resumes) as (folder, record),
            ):
                unit.work(self, folder, record, progress)
                record["made_with"] = made_with(self.device)
        except HarnessError:
            raise
        except Exception as error:
            self._fail(cell, error)
        else:
            self.tally.computed += 1

    def _score(self, unit: ScoreUnit, todo: list[Cell], place: str) -> None:
        """All missing scores of one prediction, in one pass over its frames."""
        pairs = [(spec, cell) for spec, cell in unit.scores if cell in todo]
        built = [metrics.build(spec, self.device) for spec, _ in pairs]
        with watch(unit.label, place, self.remaining.text) as progress:
            try:
                clip, batches = unit.open(self.store)
                outcomes = scoring.stream(built, clip, batches, progress)
            except HarnessError:
                raise
            except Exception as error:  # the frames themselves cannot be read
                for _, cell in pairs:
                    self._fail(cell, error)
                return
        for (spec, cell), outcome in zip(pairs, outcomes, strict=True):
            if isinstance(outcome, Exception):
                self._fail(cell, outcome)
                continue
            with self.store.open(cell) as (folder, record):
                scoring.store_result(spec, outcome, folder, record)
                record["made_with"] = made_with(self.device)
            self.tally.computed += 1

    def _fail(self, cell: Cell, error: Exception) -> None:
        record = self.store.fail(cell, error)
        self.tally.failed += 1
        self._failed.add(cell.key)
        place = f" at {os.path.relpath(record['where'])}" if record["where"] else ""
        reason = f"{record['type']}{place}: {record['message']}"
        messages.error(f"{cell.label} failed: {reason}\n  traceback: {record['log']}")
        messages.detail(record["traceback"].rstrip())

    def method(self, method_id: str, fit: Cell) -> Method:
        """The fitted method, loaded once for all its renders."""
        if self._loaded is None or self._loaded[0] != fit.key:
            method = methods.build(method_id)
            method.load(self.store.path(fit), self.device)
            self._loaded = (fit.key, method)
        return self._loaded[1]

    def count_stages(self, trained: int, reused: int) -> None:
        """Count training stages, for the closing line."""
        self.tally.trained += trained
        self.tally.shared += reused
