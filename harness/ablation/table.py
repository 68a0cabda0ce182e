"""An ablation: each row's values, its change against the reference row, and the paper's row.

Reads a folder with `results.json`, the items beside it, and `ablation.json`, which says which row
is which and what the paper prints. Nothing is recomputed but differences.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.ablation import columns as ablation_columns
from harness.contracts import BadInput, Results, Row, Score
from reports import stored
from reports.comparison.changes import Change, column_change, corrected
from reports.comparison.rows import Side, side

FILE = "ablation.json"
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class GridCell:
    """One row's value in one column, with the paper's beside it."""

    score: Score | None
    change: Change | None  # None for the reference itself, and where a side has no value
    paper: float | None = None
    paper_change: float | None = None


@dataclass(frozen=True)
class Line:
    """One row of the grid; `row` is None where nothing of it was stored."""

    name: str
    drive: str
    set: Mapping[str, Any]
    note: str
    reference: bool
    row: Row | None
    cells: Mapping[str, GridCell]  # by column


@dataclass(frozen=True)
class Ablation:
    """A whole table, before any format."""

    id: str
    title: str
    method: str
    reference: str
    overrides: Mapping[str, Any]
    paper: Mapping[str, str] | None  # source, note
    columns: tuple[str, ...]  # shown
    lines: tuple[Line, ...]
    results: Results  # with the columns that the grid names

    def changes(self, name: str) -> list[Change | None]:
        """The changes of a column, line by line."""
        return [line.cells[name].change for line in self.lines]


def is_ablation(folder: Path) -> bool:
    """Whether a run folder holds an ablation."""
    return (folder / FILE).is_file()


def read(folder: Path) -> Ablation:
    """The ablation of a folder.

    Raises:
        BadInput: a file is unreadable, or of a newer schema.

    """
    results, path = stored.read(folder), folder / FILE
    try:
        grid = json.loads(path.read_text("utf-8"))
        if grid["schema_version"] > SCHEMA_VERSION:
            raise ValueError(f"schema_version {grid['schema_version']} is newer")
        return assemble(grid, results, folder)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise BadInput(
            path, f"cannot be read as an ablation ({error})", "Run `ablate` again."
        ) from error


def assemble(grid: Mapping[str, Any], results: Results, folder: Path) -> Ablation:
    """Put results, items and the paper's values side by side.

    Args:
        grid: the content of `ablation.json`.
        results: of the same folder.
        folder: where the items are.

    """
    names = ablation_columns.shown(results, grid["columns"])
    sides = {row.method: side(folder, results, row) for row in results.rows}
    base = {entry["name"]: entry for entry in grid["rows"]}[grid["reference"]]
    paper_base = ablation_columns.printed(names, base["paper"])
    lines = []
    for entry in grid["rows"]:
        mine = sides.get(entry["label"])
        reference = sides.get(base["label"]) if entry is not base else None
        paper, cells = ablation_columns.printed(names, entry["paper"]), {}
        for name in names:
            value, first = paper.get(name), paper_base.get(name)
            cells[name] = GridCell(
                mine.row.scores.get(name) if mine else None,
                change_of(name, reference, mine) if mine and reference else None,
                value,
                None if value is None or first is None or entry is base else value - first,
            )
        lines.append(
            Line(
                entry["name"],
                entry["drive"],
                entry["set"],
                entry["note"],
                entry is base,
                mine.row if mine else None,
                cells,
            )
        )
    return Ablation(
        **{key: grid[key] for key in ("id", "title", "method", "reference", "overrides", "paper")},
        columns=tuple(names),
        lines=tuple(with_correction(lines)),
        results=ablation_columns.restricted(results, grid["columns"]),
    )


def change_of(name: str, base: Side, mine: Side) -> Change | None:
    """The change of one column; without an interval where items cannot be paired."""
    a, b = base.row.scores.get(name), mine.row.scores.get(name)
    if a is None or b is None or a.value is None or b.value is None:
        return None
    try:
        change = column_change(base, mine, name)
    except BadInput:
        direction = base.results.columns[name]["direction"]
        reason = "the rows do not have the same items"
        change = Change(name, direction, a.value, b.value, reason=reason)
    return replace(change, row=mine.label)


def with_correction(lines: list[Line]) -> list[Line]:
    """The same lines with Holm's correction over all changes of the table."""
    cells = [(line, name, cell) for line in lines for name, cell in line.cells.items()]
    fixed = iter(corrected([cell.change for _, _, cell in cells if cell.change]))
    return [
        replace(
            line,
            cells={
                name: replace(cell, change=next(fixed)) if cell.change else cell
                for name, cell in line.cells.items()
            },
        )
        for line in lines
    ]
