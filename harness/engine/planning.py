"""Turns a request into jobs; names, data, signals and weights are checked before any work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.contracts import BadInput, MethodSpec, MetricSpec
from harness.engine import method_jobs, method_rows
from harness.engine.cells.store import hash_of
from harness.engine.jobs import CellUnit, Job, ScoreUnit, TableFacts
from harness.engine.offsets import warn_of_files, warn_of_sequences
from harness.engine.progress import watch
from harness.engine.request import (
    FilesData,
    FilesRow,
    MethodRow,
    Request,
    SplitData,
    limited_folder,
    limited_name,
)
from harness.engine.requirements import Absence, Material, chosen_metrics
from harness.engine.split_data import SplitSequences, open_split
from methods import catalog as methods
from metrics import catalog as metrics


@dataclass(frozen=True)
class Plan:
    """Everything to compute, checked before the first cell starts."""

    table: TableFacts
    jobs: tuple[Job, ...]
    metrics: tuple[MetricSpec, ...]
    unavailable: Mapping[str, Absence]
    config: Mapping[str, Any] | None = None  # the file of `run --config`, for the provenance

    @property
    def units(self) -> list[CellUnit | ScoreUnit]:
        """The work of all jobs, each unit once: the first job to name it labels it."""
        found: dict[str, CellUnit | ScoreUnit] = {}
        for job in self.jobs:
            for unit in job.units:
                found.setdefault(unit.lock, unit)
        return list(found.values())


def make_plan(request: Request) -> Plan:
    """Check names first, then open the data, check signals and lay out all jobs.

    Raises:
        BadInput: options, files or sequences that cannot be used as they are.
        UnknownName: no such method, preset, metric, split or sequence.
        MissingSignal: a method or a named metric needs a signal that is absent.
        Unavailable: a method or a named metric lacks weights, packages or a checkout.

    """
    for name in request.metrics or ():
        metrics.spec(name)
    if isinstance(request.data, FilesData):
        return _plan_of_files(request, request.data)
    return _plan_of_methods(request, request.data)


def _plan_of_files(request: Request, data: FilesData) -> Plan:
    # Opening files takes packages that a run of methods does not wait for.
    from harness.engine import file_jobs

    rows = tuple(row for row in request.rows if isinstance(row, FilesRow))
    with watch("checking") as progress:
        found = file_jobs.open_pairs(rows, data, progress)
    usable, unavailable = chosen_metrics(request.metrics, [pair.material for pair in found])
    warn_of_files({pair.sides.truth.path: pair.sides.truth for pair in found}.values(), usable)
    jobs = file_jobs.jobs_for(found, data, tuple(usable), unavailable, request.device)
    truth = data.truth.resolve()
    name = limited_name(data.truth.name or truth.name, data.limit)
    facts = TableFacts(name, hash_of(str(truth), 12), {})
    return Plan(facts, tuple(jobs), tuple(usable), unavailable)


def _plan_of_methods(request: Request, wanted: SplitData) -> Plan:
    rows = tuple(row for row in request.rows if isinstance(row, MethodRow))
    specs = [methods.spec(row.method) for row in rows]
    check_rows(rows, specs)
    data = open_split(wanted)
    return plan_on(data, rows, specs, request)


def plan_on(
    data: SplitSequences, rows: tuple[MethodRow, ...], specs: list[MethodSpec], request: Request
) -> Plan:
    """All jobs of checked rows on the tests of a split."""
    materials = [
        Material(
            one.id,
            "video",
            one.domain,
            one.height,
            one.width,
            {name: one.signals[name] for name in one.signals if one.has(name)},
            predicted=None,
            timed=True,
        )
        for one in data.tests
    ]
    usable, unavailable = chosen_metrics(request.metrics, materials)
    method_jobs.check_can_run(list({spec.id: spec for spec in specs}.values()), data)
    chosen = method_jobs.Scoring(tuple(usable), unavailable)
    jobs: list[Job] = []
    for place, row in enumerate(rows):
        jobs += method_jobs.jobs_for(row, 100 * place, data, chosen, request.device)
    warn_of_sequences(data.tests)
    manifest = data.manifest
    about = {
        "name": manifest.name,
        "domain": manifest.domain,
        "licence": manifest.licence,
        "protocol": manifest.protocol,
    }
    names = manifest.folder_name, manifest.distinct_folder_name
    folders = tuple(limited_folder(name, data.limit) for name in names)
    facts = TableFacts(limited_name(manifest.name, data.limit), manifest.key, about, folders)
    return Plan(facts, tuple(jobs), tuple(usable), unavailable)


def check_rows(rows: tuple[MethodRow, ...], specs: list[MethodSpec]) -> None:
    """Refuse presets and options that no method would read: baselines have neither.

    Raises:
        BadInput: no chosen method takes it, or its type differs from the presets'.
        UnknownName: no such preset.

    """
    takers = [(row, spec) for row, spec in zip(rows, specs, strict=True) if spec.role == "method"]
    for row, spec in takers:
        method_rows.preset_of(spec, row.preset)
        method_rows.checked_options(spec, row.options)
    if takers:
        return
    known = {name for spec in specs for name in spec.presets}
    cure = "Leave it out, or add a --method that has presets (see `list`)."
    for row in rows:
        if row.preset is not None and row.preset not in known:
            raise BadInput("--preset", f"no chosen method has a preset {row.preset!r}", cure)
        if row.options:
            keys = ", ".join(row.options)
            raise BadInput("--set", f"no chosen method has an option to set ({keys})", cure)
