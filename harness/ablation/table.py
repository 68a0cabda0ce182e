"""An ablation: each row's values, its change against the reference row, and the paper's row.

Reads a folder with `results.json`, the items beside it, and `ablation.json`, which says which row
is which and what the paper prints. Nothing is recomputed but differences.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.contracts import BadInput, Results, Row, Score, UnknownName
from harness.files.documents import read_object
from reports import layout, stored
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
    cure = "Run `ablate` again."
    grid = read_object(path, cure)
    try:
        if grid["schema_version"] > SCHEMA_VERSION:
            raise ValueError(f"schema_version {grid['schema_version']} is newer")
        return assemble(grid, results, folder)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise BadInput(path, f"cannot be read as an ablation ({error})", cure) from error


def assemble(grid: Mapping[str, Any], results: Results, folder: Path) -> Ablation:
    """Put results, their items in the folder, and the paper's values side by side.

    `grid` is the content of `ablation.json`.
    """
    wanted = asked(results, grid["columns"])
    names = [
        name
        for name in wanted
        if any((score := row.scores.get(name)) and score.status == "ok" for row in results.rows)
    ]
    sides = {row.method: side(folder, results, row) for row in results.rows}
    base = {entry["name"]: entry for entry in grid["rows"]}[grid["reference"]]
    changes = {
        (entry["name"], name): change
        for entry in grid["rows"]
        if entry is not base
        for name in names
        if (change := change_of(name, sides.get(base["label"]), sides.get(entry["label"])))
    }
    # Holm's correction is over all changes of the table.
    fixed = dict(zip(changes, corrected(list(changes.values())), strict=True))
    paper_base = printed(names, base["paper"])
    lines = []
    for entry in grid["rows"]:
        mine, paper, cells = sides.get(entry["label"]), printed(names, entry["paper"]), {}
        for name in names:
            value, first = paper.get(name), paper_base.get(name)
            cells[name] = GridCell(
                mine.row.scores.get(name) if mine else None,
                fixed.get((entry["name"], name)),
                value,
                None if value is None or first is None or entry is base else value - first,
            )
        known = {key: entry[key] for key in ("name", "drive", "set", "note")}
        row = mine.row if mine else None
        lines.append(Line(**known, reference=entry is base, row=row, cells=cells))
    return Ablation(
        **{key: grid[key] for key in ("id", "title", "method", "reference", "overrides", "paper")},
        columns=tuple(names),
        lines=tuple(lines),
        results=layout.choose(results, wanted),
    )


def asked(results: Results, wanted: list[str]) -> list[str]:
    """Columns that the grid names, whole or by their family; all where it names none."""
    known, found = layout.column_names(results), set()
    for name in wanted:
        try:
            found.update(layout.named(known, [name]))
        except UnknownName:
            continue  # a grid names columns that other splits have
    return [name for name in known if not wanted or name in found]


def printed(names: list[str], values: Mapping[str, float]) -> dict[str, float]:
    """The paper's values by shown column: of that very name, else the family's first.

    A paper prints one PSNR, of the whole frame: it is not that of the other variants.
    """
    found = {}
    for name, value in values.items():
        variants = [column for column in names if layout.family(column) == name]
        if name in names or variants:
            found[name if name in names else variants[0]] = value
    return found


def change_of(name: str, base: Side | None, mine: Side | None) -> Change | None:
    """The change of one column; without an interval where items cannot be paired."""
    if base is None or mine is None:
        return None
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
