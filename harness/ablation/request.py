"""From a grid to a plan: every row of an ablation as cells of the ordinary runner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from harness.ablation.grid import Grid, GridRow
from harness.contracts import BadInput, MethodSpec, MetricSpec, Sequence, SplitManifest, UnknownName
from harness.engine.plan import AU_ZEROED, Request, Work, cells_for, check_signals, preset_of
from harness.engine.planner import (
    Plan,
    check_types,
    chosen_metrics,
    find_manifest,
    load_sequences,
    without_means,
)
from harness.engine.requirements import Absence
from methods import catalog as methods

#: What `ablation.json` looks like.
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class AblationRequest:
    """What the user asked for; None leaves the choice to the grid."""

    split: str
    seeds: tuple[int, ...] | None = None
    sequences: tuple[str, ...] | None = None
    preset: str | None = None
    device: str = "cpu"
    metrics: tuple[str, ...] | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)


def make_plan(grid: Grid, request: AblationRequest) -> Plan:
    """Check names and options first, then load the recordings and lay out all cells.

    Raises:
        BadInput: an option that no preset knows, that has another type there, or that both
            `--set` and a row decide; a drive that the method does not have.
        UnknownName: no such split, recording, preset or metric.

    """
    spec = methods.spec(grid.method)
    preset_of(spec, request.preset)
    check_rows(grid, spec, request.overrides)
    manifest = subset(find_manifest(request.split), request.sequences)
    asked = Request(
        methods=(spec.id,),
        split=request.split,
        preset=request.preset,
        device=request.device,
        metrics=request.metrics,
        baselines=False,
        overrides=request.overrides,
    )
    chosen = chosen_metrics(asked, manifest)
    sequences = load_sequences(manifest)
    if request.metrics is None:
        chosen = without_means(chosen, sequences)
    return lay_out(grid, request, asked, manifest, sequences, *chosen)


def check_rows(grid: Grid, spec: MethodSpec, overrides: Mapping[str, Any]) -> None:
    """Refuse rows that could only fail hours later."""
    known = {name for preset in spec.presets.values() for name in preset}
    check_types(spec, overrides)
    for row in grid.rows:
        subject = f"row {row.name!r} of grid {grid.id}"
        for name in row.set:
            if name not in known:
                raise UnknownName(f"option in {subject}", name, known)
            if name in overrides:
                fact = f"it sets {name}, and so does --set"
                raise BadInput(subject, fact, f"Leave out --set {name}.")
        check_types(spec, row.set)
        if drive_of(grid, row, spec) not in drives(spec):
            fact = f"its drive {row.drive or grid.drive!r} is none of {', '.join(drives(spec))}"
            raise BadInput(subject, fact, "Name one of them.")


def drives(spec: MethodSpec) -> tuple[str, ...]:
    """Drives that a row may have."""
    return (*spec.drives, AU_ZEROED) if "audio+au" in spec.drives else spec.drives


def drive_of(grid: Grid, row: GridRow, spec: MethodSpec) -> str:
    """What drives a row."""
    return row.drive or grid.drive or spec.drives[0]


def subset(manifest: SplitManifest, names: tuple[str, ...] | None) -> SplitManifest:
    """The split with the named recordings only, in the split's order.

    Raises:
        UnknownName: it has no such recording.

    """
    if names is None:
        return manifest
    known = [entry.id for entry in manifest.sequences]
    for name in names:
        if name not in known:
            raise UnknownName(f"recording of {manifest.name}", name, known)
    return replace(manifest, sequences=tuple(e for e in manifest.sequences if e.id in names))


def lay_out(
    grid: Grid,
    request: AblationRequest,
    asked: Request,
    manifest: SplitManifest,
    sequences: list[Sequence],
    usable: list[MetricSpec],
    unavailable: dict[str, Absence],
) -> Plan:
    """All cells, row by row; the stages that rows share are found when they are trained."""
    spec = methods.spec(grid.method)
    works: list[Work] = []
    for sequence in sequences:
        for metric in usable:
            check_signals(sequence, metric.signals, f"metric {metric.id}")
        check_signals(sequence, spec.signals, f"method {spec.id}")
    for row in grid.rows:
        own = replace(asked, overrides={**asked.overrides, **row.set})
        drive = drive_of(grid, row, spec)
        works += [
            replace(cells_for(spec, drive, sequence, manifest, seed, own, usable), variant=row.name)
            for sequence in sequences
            for seed in request.seeds or row.seeds or grid.seeds
        ]
    return Plan(manifest, tuple(works), tuple(usable), unavailable)


def described(grid: Grid, request: AblationRequest) -> dict[str, Any]:
    """What `ablation.json` says beside the results: the grid, and which row is which there."""
    spec = methods.spec(grid.method)
    return {
        "schema_version": SCHEMA_VERSION,
        "id": grid.id,
        "title": grid.title,
        "method": grid.method,
        "reference": grid.reference,
        "columns": list(grid.columns),
        "paper": grid.paper.model_dump() if grid.paper else None,
        "overrides": dict(request.overrides),
        "rows": [
            {
                "name": row.name,
                "label": f"{grid.method}: {row.name}",
                "drive": drive_of(grid, row, spec),
                "set": row.set,
                "paper": row.paper,
                "note": row.note,
            }
            for row in grid.rows
        ],
    }
