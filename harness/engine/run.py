"""A run: plan the cells, do what is not done yet, gather the results."""

from __future__ import annotations

import fcntl
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.contracts import (
    FailedCell,
    FitContext,
    HarnessError,
    Method,
    Results,
)
from harness.engine import actions as stages
from harness.engine import scoring
from harness.engine.plan import Work
from harness.engine.planner import Plan
from harness.engine.progress import watch
from harness.engine.results import gather
from harness.engine.stage_cache import SharedStages
from harness.engine.store import Cell, Store, write_json
from harness.storage import make_folder, writing_to
from harness.weights import cache_dir
from methods import catalog as methods
from metrics import catalog as metrics


@dataclass
class Tally:
    """What a run did, for the closing line."""

    computed: int = 0
    reused: int = 0
    trained: int = 0  # training stages that were put among the cells for other fits
    shared: int = 0  # training stages that a fit took from there
    failed: list[FailedCell] = field(default_factory=list)


class Runner:
    """Works through a plan; every cell is done at most once, ever.

    Args:
        out: folder of the results.
        device: what computes.
        cells: folder whose cells are used, where it is another: the tables of one split share.
        share_stages: whether fits of one method take finished training stages from each other.

    """

    def __init__(
        self,
        out: Path,
        device: str = "cpu",
        cells: Path | None = None,
        share_stages: bool = False,
    ) -> None:
        self.out, self.device, self.cells = out, device, cells or out
        self.share_stages = share_stages
        self.store, self.tally = Store(self.cells), Tally()
        self._loaded: tuple[str, Method] | None = None

    def run(self, plan: Plan) -> Results:
        """Do what is missing, then gather results from the store."""
        make_folder(self.cells)
        make_folder(self.out)
        with writing_to(self.out), exclusive(self.cells / ".lock"):
            for work in plan.works:
                self._work(work)
            results = gather(plan, self.store, self.out, tuple(self.tally.failed), self.device)
            write_json(self.out / "results.json", results.to_json())
        return results

    def _work(self, work: Work) -> None:
        """All stages of one method, drive, sequence and seed; a failure ends its chain."""
        store = self.store
        if not self._do(work, work.truth, lambda f, r, _: stages.archive_truth(work, f, r)):
            return
        if not self._do(work, work.fit, lambda f, r, p: self._fit(work, f, r, p), resume=True):
            return
        truth = store.path(work.truth)
        if not self._do(
            work,
            work.render,
            lambda f, r, p: stages.render(work, self._method(work), f, r, truth, p),
        ):
            return
        if work.time is not None:
            self._do(work, work.time, lambda f, r, _: self._measure_speed(work, f, r))
        self._score(work)

    def _do(
        self,
        work: Work,
        cell: Cell,
        action: Callable[[Path, dict[str, Any], Any], None],
        resume: bool = False,
    ) -> bool:
        if self.store.done(cell):
            self.tally.reused += 1
            return True
        try:
            with (
                watch(cell.label) as progress,
                self.store.open(cell, keep_partial=resume) as (folder, record),
            ):
                action(folder, record, progress)
            self.tally.computed += 1
            return True
        except HarnessError:
            raise
        except Exception as error:
            self._failed(work, cell, error)
            return False

    def _failed(self, work: Work, cell: Cell, error: Exception) -> None:
        record = self.store.fail(cell, error)
        self.tally.failed.append(
            FailedCell(
                work.name,
                work.drive,
                work.sequence.id,
                work.seed,
                cell.stage,
                record["type"],
                record["message"],
                record["traceback"],
            )
        )
        print(f"{cell.label} failed: {record['type']}: {record['message']}", file=sys.stderr)

    def _fit(self, work: Work, folder: Path, record: dict[str, Any], progress: Any) -> None:
        shared = SharedStages(self.store, work.fit) if self.share_stages else None
        context = FitContext(work.config, self.device, work.seed, progress, shared)
        stages.fit(work, methods.build(work.method.id), folder, record, context)
        if shared:
            record["stages"] = {"trained": shared.trained, "reused": shared.reused}
            # What the fit costs whoever does it alone: sharing must not make a row look cheap.
            record["seconds_alone"] = record["seconds"] + shared.saved
            self.tally.trained += len(shared.trained)
            self.tally.shared += len(shared.reused)

    def _method(self, work: Work) -> Method:
        """The fitted method, loaded once for all its renders."""
        if self._loaded is None or self._loaded[0] != work.fit.key:
            method = methods.build(work.method.id)
            method.load(self.store.path(work.fit), self.device)
            self._loaded = (work.fit.key, method)
        return self._loaded[1]

    def _measure_speed(self, work: Work, folder: Path, record: dict[str, Any]) -> None:
        method = self._method(work)
        with alone(cache_dir() / "timing.lock"):
            stages.measure_speed(work, method, folder, record, self.device)

    def _score(self, work: Work) -> None:
        """All missing scores of one render, in one pass over its frames.

        A score that waits for a timing which failed is left undone: stored now, it would stand
        as *no timing* under the very key that a later, good timing has.
        """
        timed = work.time is not None and self.store.done(work.time)
        ready = [(spec, cell) for spec, cell in work.scores if timed or not cell.inputs["time"]]
        pending = [(spec, cell) for spec, cell in ready if not self.store.done(cell)]
        self.tally.reused += len(ready) - len(pending)
        if not pending:
            return
        timing = self.store.record(work.time)["timing"] if timed and work.time else None
        built = [metrics.build(spec, self.device) for spec, _ in pending]
        with watch(f"{work.render.label} · {len(pending)} metrics") as progress:
            outcomes = scoring.score(
                built, self.store.path(work.render), self.store.path(work.truth), timing, progress
            )
        for (spec, cell), outcome in zip(pending, outcomes, strict=True):
            if isinstance(outcome, Exception):
                self._failed(work, cell, outcome)
                continue
            with self.store.open(cell) as (folder, record):
                scoring.store_result(spec, outcome, folder, record)
            self.tally.computed += 1


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Only one run works in a folder; a second one is refused."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            from harness.contracts import BadInput

            raise BadInput(
                path.parent, "another run is working in it", "Wait for it, or use another --out."
            ) from error
        yield


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Only one process of this user times at once; others wait for their turn."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
