"""A run: plan the cells, do what is not done yet, gather the results."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.contracts import (
    Budget,
    FailedCell,
    HarnessError,
    Method,
    MethodSpec,
    MetricSpec,
    Results,
    Sequence,
    SplitManifest,
    Unavailable,
)
from harness.runner import stages
from harness.runner.gather import gather
from harness.runner.plan import Request, Work, cells_for, check_signals, drives_of, preset_of
from harness.runner.progress import watch
from harness.runner.store import Cell, Store, write_json
from methods import catalog as methods
from metrics import catalog as metrics
from splits import catalog as splits

#: Baselines that give every table its scale, from the ceiling down.
BASELINES = ("ground-truth", "still", "nearest-audio", "shuffled-audio")


@dataclass
class Tally:
    """What a run did, for the closing line."""

    computed: int = 0
    reused: int = 0
    failed: list[FailedCell] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """Everything to be done, checked before the first cell starts."""

    manifest: SplitManifest
    works: tuple[Work, ...]
    metrics: tuple[MetricSpec, ...]
    unavailable: dict[str, str]  # metric id -> reason


def find_manifest(name: str) -> SplitManifest:
    """A registered split by name, or a prepared folder by path; loads no data."""
    folder = Path(name)
    if os.sep in name or folder.is_dir():
        from splits import er_nerf

        return er_nerf.manifest_of(folder)
    return splits.manifest(name)


def load_sequences(manifest: SplitManifest) -> list[Sequence]:
    """All recordings of a split; a synthetic one is generated on first use."""
    load = splits.loader(manifest)
    with watch(manifest.name) as progress:
        return [load(manifest, entry, progress) for entry in manifest.sequences]


def chosen_metrics(
    request: Request, manifest: SplitManifest
) -> tuple[list[MetricSpec], dict[str, str]]:
    """The metrics of a run, and those that cannot run here with the reason."""
    if request.metrics is not None:
        wanted = [metrics.spec(name) for name in request.metrics]
    else:
        wanted = [
            spec
            for spec in metrics.specs().values()
            if spec.default and spec.domain in ("any", manifest.domain)
        ]
    usable, unavailable = [], {}
    for spec in wanted:
        try:
            metrics.resolve_weights(spec)
            usable.append(spec)
        except Unavailable as error:
            unavailable[spec.id] = str(error)
    return usable, unavailable


def make_plan(request: Request) -> Plan:
    """Check names first, then load the split, check signals and lay out all cells."""
    names = list(dict.fromkeys(request.methods))
    if request.baselines:
        names += [name for name in BASELINES if name not in names]
    specs = [methods.spec(name) for name in names]
    for spec in specs:
        preset_of(spec, request.preset)
    for name in request.metrics or ():
        metrics.spec(name)
    manifest = find_manifest(request.split)
    usable, unavailable = chosen_metrics(request, manifest)
    return lay_out(request, manifest, load_sequences(manifest), specs, usable, unavailable)


def lay_out(
    request: Request,
    manifest: SplitManifest,
    sequences: list[Sequence],
    specs: list[MethodSpec],
    usable: list[MetricSpec],
    unavailable: dict[str, str],
) -> Plan:
    """All cells of a run, after checking that every declared signal is there."""
    works = []
    for sequence in sequences:
        for metric in usable:
            check_signals(sequence, metric.signals, f"metric {metric.id}")
        for spec in specs:
            check_signals(sequence, spec.signals, f"method {spec.id}")
            seeds = request.seeds if spec.role == "method" else request.seeds[:1]
            works += [
                cells_for(spec, drive, sequence, manifest, seed, request, usable)
                for seed in seeds
                for drive in drives_of(spec)
            ]
    return Plan(manifest, tuple(works), tuple(usable), unavailable)


class Runner:
    """Works through a plan; every cell is done at most once, ever."""

    def __init__(self, out: Path, device: str = "cpu") -> None:
        self.out, self.device = out, device
        self.store, self.tally = Store(out), Tally()
        self._loaded: tuple[str, Method] | None = None

    def run(self, plan: Plan) -> Results:
        """Do what is missing, then gather results from the store."""
        self.out.mkdir(parents=True, exist_ok=True)
        with exclusive(self.out / ".lock"):
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
            self._do(
                work,
                work.time,
                lambda f, r, _: stages.measure_speed(work, self._method(work), f, r, self.device),
            )
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
                work.method.id,
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
        budget = Budget(work.config, self.device, work.seed, progress)
        stages.fit(work, methods.build(work.method.id), folder, record, budget)

    def _method(self, work: Work) -> Method:
        """The fitted method, loaded once for all its renders."""
        if self._loaded is None or self._loaded[0] != work.fit.key:
            method = methods.build(work.method.id)
            method.load(self.store.path(work.fit), self.device)
            self._loaded = (work.fit.key, method)
        return self._loaded[1]

    def _score(self, work: Work) -> None:
        """All missing scores of one render, in one pass over its frames."""
        pending = [(spec, cell) for spec, cell in work.scores if not self.store.done(cell)]
        self.tally.reused += len(work.scores) - len(pending)
        if not pending:
            return
        timing = None
        if work.time is not None and self.store.done(work.time):
            timing = self.store.record(work.time)["timing"]
        built = [metrics.build(spec, self.device) for spec, _ in pending]
        with watch(f"{work.render.label} · {len(pending)} metrics") as progress:
            outcomes = stages.score(
                built, self.store.path(work.render), self.store.path(work.truth), timing, progress
            )
        for (_, cell), outcome in zip(pending, outcomes, strict=True):
            if isinstance(outcome, Exception):
                self._failed(work, cell, outcome)
                continue
            with self.store.open(cell) as (folder, record):
                stages.store_result(outcome, folder, record)
            self.tally.computed += 1


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Only one run works in a folder, and only one process times at once."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            from harness.contracts import BadInput

            raise BadInput(
                path.parent, "another run is working in it", "Wait for it, or use another --out."
            ) from error
        yield
