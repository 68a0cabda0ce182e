"""From a grid to a request: every row of an ablation as a row of the engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.ablation.grid import Grid, GridRow
from harness.contracts import BadInput, MethodSpec, UnknownName
from harness.engine.method_rows import checked_options
from harness.engine.request import MethodRow, Request, SplitData
from harness.engine.work.rendering import AU_ZEROED
from methods import catalog as methods

#: What `ablation.json` looks like.
SCHEMA_VERSION = 1


def request_of(
    grid: Grid,
    data: SplitData,
    overrides: Mapping[str, Any],
    *,
    seeds: tuple[int, ...] = (),
    preset: str | None = None,
    device: str = "cpu",
    metrics: tuple[str, ...] | None = None,
) -> Request:
    """The engine's request for a grid; without seeds it has those of the grid.

    Raises:
        BadInput: an option that has another type in the presets, or that both `--set` and a row
            decide; a drive that the method does not have.
        UnknownName: an option that no preset knows.

    """
    spec = methods.spec(grid.method)
    check_rows(grid, spec, overrides)
    rows = tuple(
        MethodRow(
            spec.id,
            preset,
            {**overrides, **row.set},
            seeds or row.seeds or grid.seeds,
            (drive_of(grid, row, spec),),
            row.name,
        )
        for row in grid.rows
    )
    return Request(rows, data, metrics, device)


def check_rows(grid: Grid, spec: MethodSpec, overrides: Mapping[str, Any]) -> None:
    """Refuse rows that could only fail hours later; see `request_of`."""
    known = {name for preset in spec.presets.values() for name in preset}
    checked_options(spec, overrides)
    for row in grid.rows:
        subject = f"row {row.name!r} of grid {grid.id}"
        for name in row.set:
            if name not in known:
                raise UnknownName(f"option in {subject}", name, known)
            if name in overrides:
                fact = f"it sets {name}, and so does --set"
                raise BadInput(subject, fact, f"Leave out --set {name}.")
        checked_options(spec, row.set)
        if drive_of(grid, row, spec) not in drives(spec):
            fact = f"its drive {row.drive or grid.drive!r} is not one of {', '.join(drives(spec))}"
            raise BadInput(subject, fact, "Name one of them.")


def drives(spec: MethodSpec) -> tuple[str, ...]:
    """Driving signals that a row may have."""
    return (*spec.drives, AU_ZEROED) if "audio+au" in spec.drives else spec.drives


def drive_of(grid: Grid, row: GridRow, spec: MethodSpec) -> str:
    """The driving signals of a row."""
    return row.drive or grid.drive or spec.drives[0]


def description_of(grid: Grid, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """What `ablation.json` says beside the results: the grid, and which row is which there."""
    spec = methods.spec(grid.method)
    return {
        "schema_version": SCHEMA_VERSION,
        **grid.model_dump(include={"id", "title", "method", "reference", "columns", "paper"}),
        "overrides": dict(overrides),
        "rows": [
            {
                "name": row.name,
                "label": f"{grid.method}: {row.name}",
                "drive": drive_of(grid, row, spec),
                **row.model_dump(include={"set", "paper", "note"}),
            }
            for row in grid.rows
        ],
    }
