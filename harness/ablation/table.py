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
from reports import items, stored
from reports.comparison import pooled
from reports.statistics import Estimate, estimate, holm, paired

FILE = "ablation.json"
SCHEMA_VERSION = 1
LEVEL = 0.05


@dataclass(frozen=True)
class Change:
    """A row's value minus the reference's; over the items that both have, where items are paired.

    low, high: 95% interval from paired items, or, where the column is no mean of items, from its
        stored values without each subject or sequence, or of each seed; None without these.
    p: two-sided, of no change; adjusted: after Holm over all changes of the table in columns
        with a direction, None in others.
    better: whether the change goes the column's good way; None where it has none.
    scope: what the interval speaks about; empty without one.
    pooled: the estimate of a column that is no mean of items.
    """

    value: float
    low: float | None = None
    high: float | None = None
    p: float | None = None
    adjusted: float | None = None
    better: bool | None = None
    scope: str = ""
    pooled: Estimate | None = None

    @property
    def significant(self) -> bool:
        """Whether it holds at the 5% level after correction."""
        return self.adjusted is not None and self.adjusted <= LEVEL


@dataclass(frozen=True)
class Cell:
    """One row's answer in one column, with the paper's beside it."""

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
    cells: Mapping[str, Cell]  # by column


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


@dataclass(frozen=True)
class Side:
    """A stored row with its items."""

    row: Row
    items: items.RowItems


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
        said = json.loads(path.read_text("utf-8"))
        if said["schema_version"] > SCHEMA_VERSION:
            raise ValueError(f"schema_version {said['schema_version']} is newer")
        return assemble(said, results, folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(
            path, f"cannot be read as an ablation ({error})", "Run `ablate` again."
        ) from error


def assemble(said: Mapping[str, Any], results: Results, folder: Path) -> Ablation:
    """Put results, items and the paper's values side by side."""
    rows = {row.method: row for row in results.rows}
    names = ablation_columns.shown(results, said["columns"])
    base = {entry["name"]: entry for entry in said["rows"]}[said["reference"]]
    sides = {label: Side(row, items.read(folder, row)) for label, row in rows.items()}
    reference = sides.get(base["label"])
    paper_base = ablation_columns.printed(names, base["paper"])
    lines = []
    for entry in said["rows"]:
        row, mine = rows.get(entry["label"]), sides.get(entry["label"])
        cells, paper = {}, ablation_columns.printed(names, entry["paper"])
        for name in names:
            change = None
            if mine and reference and mine is not reference:
                change = change_of(name, mine, reference, results)
            value, first = paper.get(name), paper_base.get(name)
            moved = None if value is None or first is None else value - first
            cells[name] = Cell(
                row.scores.get(name) if row else None,
                change,
                value,
                moved if entry is not base else None,
            )
        lines.append(
            Line(
                entry["name"],
                entry["drive"],
                entry["set"],
                entry["note"],
                entry is base,
                row,
                cells,
            )
        )
    return Ablation(
        id=said["id"],
        title=said["title"],
        method=said["method"],
        reference=said["reference"],
        overrides=said["overrides"],
        paper=said["paper"],
        columns=tuple(names),
        lines=corrected(lines, results),
        results=ablation_columns.restricted(
            results, ablation_columns.asked(results, said["columns"])
        ),
    )


def change_of(name: str, mine: Side, base: Side, results: Results) -> Change | None:
    """The change of one column, with an interval where the stored items or values give one."""
    own, other = mine.row.scores.get(name), base.row.scores.get(name)
    if own is None or other is None or own.value is None or other.value is None:
        return None
    direction = results.columns[name]["direction"]
    plain = changed(own.value - other.value, direction)
    kinds = mine.items.weights(name, own), base.items.weights(name, other)
    if None in kinds:
        one = pooled.difference(own, other, pooled.subjects_of(mine.row, results.sequences))
        return sure(replace(plain, pooled=one), one)
    try:
        pairs = paired(mine.items.column(name), base.items.column(name), results.sequences, name)
    except BadInput:  # another number of items: they cannot be paired
        return plain
    found = estimate(
        pairs.series,
        max(1, round(float(base.row.protocol["fps"]))),
        weights="items" if "items" in kinds else "sequences",
    )
    # Items that failed on one side are in its value: the interval is of the others.
    return sure(changed(found.value, direction) if pairs.n else plain, found)


def changed(value: float, direction: str) -> Change:
    """A change with whether it goes the good way, and nothing on how sure it is."""
    better = None if direction == "none" or value == 0 else (value > 0) == (direction == "up")
    return Change(value, better=better)


def sure(plain: Change, found: Estimate) -> Change:
    """A change with what an estimate says of it."""
    if found.low is None:
        return plain
    return replace(plain, low=found.low, high=found.high, p=found.p, scope=found.scope)


def corrected(lines: list[Line], results: Results) -> tuple[Line, ...]:
    """The same lines with Holm's correction over all changes that claim something.

    A column without direction is described: its changes are neither good nor bad.
    """
    keys = [(i, name) for i, line in enumerate(lines) for name in line.cells]
    changes = [lines[i].cells[name].change for i, name in keys]
    claimed = [results.columns[name]["direction"] != "none" for _, name in keys]
    raw = [c.p if c and claim else None for c, claim in zip(changes, claimed, strict=True)]
    adjusted = dict(zip(keys, holm(raw), strict=True))
    return tuple(
        replace(
            line,
            cells={
                name: replace(cell, change=replace(cell.change, adjusted=adjusted[i, name]))
                if cell.change
                else cell
                for name, cell in line.cells.items()
            },
        )
        for i, line in enumerate(lines)
    )
