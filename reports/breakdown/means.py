"""Means by emotion, intensity and subject: which faces a method is good at.

Descriptions, not tests: one cell is the mean of few sequences, and their number is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from harness.contracts import BadInput, Results, UnknownName
from reports import layout
from reports.comparison.rows import Side, side
from reports.numbers import Precision, precision

#: What sequences can be grouped by.
KEYS = ("emotion", "intensity", "subject")

Group = tuple[str, ...]


@dataclass(frozen=True)
class Mean:
    """One cell: the mean of its sequences' means.

    n: items with a value; failed: items without; sequences: with at least one value.
    """

    value: float | None
    n: int
    failed: int
    sequences: int


@dataclass(frozen=True)
class Breakdown:
    """One column by groups.

    cells: [rows][groups]; `groups` are tuples of the values of `by`, `("all",)` last.
    competing: rows that can be best.
    """

    column: str
    direction: str
    by: tuple[str, ...]
    groups: tuple[Group, ...]
    rows: tuple[str, ...]
    cells: tuple[tuple[Mean, ...], ...]
    competing: frozenset[int] = frozenset()

    @cached_property
    def digits(self) -> Precision:
        """How all cells are written."""
        rows = [self.cells[row] for row in self.competing] or self.cells
        return precision(self.column, [mean.value for row in rows for mean in row])

    def text(self, row: int, group: int) -> str:
        """One cell as text."""
        value = self.cells[row][group].value
        return "-" if value is None else self.digits.text(value)

    def best(self, group: int) -> set[int]:
        """Rows that are best in a group, of those that compete."""
        values = {row: self.cells[row][group].value for row in self.competing}
        return layout.tops(self.direction, values)


def facts(sequence: str, results: Results) -> dict[str, str]:
    """Emotion, intensity and subject of a sequence as text; `unknown` where none is stated."""
    known = {key: results.sequences.get(sequence, {}).get(key) for key in KEYS}
    return {key: "unknown" if v in (None, "") else str(v) for key, v in known.items()}


def labelled(results: Results, key: str) -> bool:
    """Whether the sequences differ in a key, so that a table of it is of use."""
    return len({facts(name, results)[key] for name in names_of(results)}) > 1


def names_of(results: Results) -> list[str]:
    """The sequences of all rows, in order of appearance."""
    return list(dict.fromkeys(name for row in results.rows for name in row.sequences))


def order(group: Group) -> tuple[tuple[bool, bool, str], ...]:
    """Sorts groups: neutral first, then by name or number, unknown last."""
    return tuple(
        (text == "unknown", text != "neutral", text.zfill(4) if text.isdigit() else text)
        for text in group
    )


def breakdown(
    results: Results, sides: Mapping[int, Side], column: str, by: Sequence[str]
) -> Breakdown | None:
    """One column by the values of `by`, crossed; None where its value is not a mean of items.

    Rows without items, which are not in `sides` (by index), are left out; a row that failed in
    this column has no values.
    """
    of = {name: tuple(facts(name, results)[key] for key in by) for name in names_of(results)}
    groups = sorted(set(of.values()), key=order)
    rows: list[str] = []
    cells, competing = [], set()
    for index, row in enumerate(results.rows):
        score = row.scores.get(column)
        if score is None or score.status == "unavailable" or index not in sides:
            continue
        parts: dict[Group, list[Mean]] = {group: [] for group in groups}
        known = sides[index].weights(column) is not None
        for name, values in sides[index].items.column(column).items() if known else ():
            if name in of:
                parts[of[name]].append(mean(values))
        everything = [one for found in parts.values() for one in found]
        if layout.competes(row):
            competing.add(len(rows))
        rows.append(layout.row_label(row))
        cells.append(tuple(map(joined, [*parts.values(), everything])))
    if all(row[-1].value is None for row in cells):
        return None
    return Breakdown(
        column,
        results.columns[column]["direction"],
        tuple(by),
        (*groups, ("all",)),
        tuple(rows),
        tuple(cells),
        frozenset(competing),
    )


def mean(values: np.ndarray) -> Mean:
    """Of one sequence."""
    finite = values[np.isfinite(values)]
    n = len(finite)
    return Mean(float(finite.mean()) if n else None, n, len(values) - n, int(n > 0))


def joined(means: Sequence[Mean]) -> Mean:
    """Of several sequences, of which all that have a value count the same."""
    values = [one.value for one in means if one.value is not None]
    counts = (sum(getattr(one, f) for one in means) for f in ("n", "failed", "sequences"))
    return Mean(sum(values) / len(values) if values else None, *counts)


def tables(
    results: Results, folder: Path, by: Sequence[str], columns: Sequence[str] = ()
) -> list[Breakdown]:
    """All columns that are means of items, by the values of `by`.

    Raises:
        UnknownName: no such key or column.
        BadInput: no sequence states what is asked for, or items cannot be read.

    """
    for key in by:
        if key not in KEYS:
            raise UnknownName("key of sequences", key, KEYS)
    wanted = layout.named(results.columns, columns) or layout.column_names(results)
    for key in by:
        if all(facts(name, results)[key] == "unknown" for name in names_of(results)):
            cure = "Use a split with such labels" if results.sequences else "Run with this version"
            fact = f"no sequence has a label for its {key}"
            raise BadInput(folder, fact, f"{cure}, or give `score` a file of --labels.")
    sides = {index: side(folder, results, row) for index, row in enumerate(results.rows)}
    found = [breakdown(results, sides, name, by) for name in wanted]
    return [table for table in found if table is not None]
