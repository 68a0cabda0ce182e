"""Means by emotion, intensity and person: which faces a method is good at.

Descriptions, not tests: few recordings stand behind one cell, and their number is shown.
"""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.contracts import BadInput, Results, UnknownName
from reports import items, layout
from reports.statistics import person_of

#: What recordings can be grouped by.
KEYS = ("emotion", "intensity", "person")

Group = tuple[str, ...]


@dataclass(frozen=True)
class Mean:
    """One cell: the mean of its recordings' means.

    n: items with a value; failed: items without; recordings: with at least one value.
    """

    value: float | None
    n: int
    failed: int
    recordings: int


@dataclass(frozen=True)
class Breakdown:
    """One column by groups.

    cells: [rows][groups]; `groups` are tuples of the values of `by`, `("all",)` last.
    """

    column: str
    direction: str
    by: tuple[str, ...]
    groups: tuple[Group, ...]
    rows: tuple[str, ...]
    cells: tuple[tuple[Mean, ...], ...]


def facts(recording: str, results: Results) -> dict[str, str]:
    """Emotion, intensity and person of a recording as text; `unknown` where none is stated."""
    known = results.recordings.get(recording, {})

    def text(value: object) -> str:
        return "unknown" if value in (None, "") else str(value)

    return {
        "emotion": text(known.get("emotion")),
        "intensity": text(known.get("intensity")),
        "person": text(person_of(recording, results.recordings)),
    }


def labelled(results: Results, key: str) -> bool:
    """Whether the recordings differ in a key, so that a table of it says anything."""
    names = dict.fromkeys(name for row in results.rows for name in row.sequences)
    return len({facts(name, results)[key] for name in names}) > 1


def order(group: Group) -> tuple[tuple[bool, bool, str], ...]:
    """Sorts groups: neutral first, then by name or number, unknown last."""
    return tuple(
        (text == "unknown", text != "neutral", text.zfill(4) if text.isdigit() else text)
        for text in group
    )


def breakdown(
    results: Results,
    read: Mapping[int, items.RowItems],
    column: str,
    by: Sequence[str],
) -> Breakdown | None:
    """One column by the values of `by`; None where its value is no mean of items.

    Args:
        results: the rows.
        read: items of the rows by their index; rows without are left out.
        column: its name.
        by: keys of `KEYS`; several are crossed.

    """
    names = dict.fromkeys(name for row in results.rows for name in row.sequences)
    of = {name: tuple(facts(name, results)[key] for key in by) for name in names}
    groups = sorted(set(of.values()), key=order)
    rows, cells = [], []
    for index, row in enumerate(results.rows):
        score = row.scores.get(column)
        if index not in read or read[index].weights(column, score) is None:
            continue
        series = read[index].column(column)
        rows.append(layout.row_label(row))
        parts = [[s for name, s in series.items() if of.get(name) == group] for group in groups]
        cells.append(tuple(map(mean, [*parts, list(series.values())])))
    if not rows:
        return None
    direction = results.columns[column]["direction"]
    return Breakdown(column, direction, tuple(by), (*groups, ("all",)), tuple(rows), tuple(cells))


def mean(series: Sequence[np.ndarray]) -> Mean:
    """The mean of the means of recordings that have a value."""
    finite = [values[np.isfinite(values)] for values in series]
    means = [values.mean() for values in finite if len(values)]
    n = sum(map(len, finite))
    value = float(np.mean(means)) if means else None
    return Mean(value, n, sum(map(len, series)) - n, len(means))


def best(table: Breakdown, results: Results) -> list[set[int]]:
    """Per group the rows that are best of those that compete."""
    if table.direction == "none":
        return [set() for _ in table.groups]
    competing = {layout.row_label(row) for row in results.rows if layout.competes(row)}
    sign = -1 if table.direction == "down" else 1
    found = []
    for group in range(len(table.groups)):
        values = {
            index: sign * round(value, layout.digits(table.column))
            for index, name in enumerate(table.rows)
            if name in competing and (value := table.cells[index][group].value) is not None
        }
        top = max(values.values(), default=None)
        found.append({index for index, value in values.items() if value == top})
    return found


def tables(
    results: Results, folder: Path, by: Sequence[str], columns: Sequence[str] = ()
) -> list[Breakdown]:
    """All columns that are means of items, by the values of `by`.

    Raises:
        UnknownName: no such key or column.
        BadInput: no recording states what is asked for, or items cannot be read.

    """
    for key in by:
        if key not in KEYS:
            raise UnknownName("key of recordings", key, KEYS)
    for name in columns:
        if name not in results.columns:
            raise UnknownName("column", name, results.columns)
    names = {name for row in results.rows for name in row.sequences}
    for key in by:
        if all(facts(name, results)[key] == "unknown" for name in names):
            raise BadInput(
                folder,
                f"no recording states its {key}",
                "Run again with this version, or give `score` a file of --labels.",
            )
    read = {index: items.read(folder, row) for index, row in enumerate(results.rows)}
    wanted = columns or layout.column_names(results)
    found = [breakdown(results, read, name, by) for name in wanted]
    return [table for table in found if table is not None]


def texts(table: Breakdown) -> tuple[list[str], list[list[str]]]:
    """Heads and lines: groups run down, rows of the table across."""
    places = layout.digits(table.column)
    arrow = layout.ARROWS[table.direction]
    heads = [*table.by, "recordings", "items", *table.rows]
    lines = []
    for index, group in enumerate(table.groups):
        column = [cells[index] for cells in table.cells]
        lines.append(
            [
                *(group if group != ("all",) else ("all", *[""] * (len(table.by) - 1))),
                str(max(cell.recordings for cell in column)),
                "/".join(dict.fromkeys(str(cell.n) for cell in column)),
                *("-" if c.value is None else f"{c.value:.{places}f}" for c in column),
            ]
        )
    return [f"{table.column} {arrow}".strip(), *heads], lines


def render(found: Sequence[Breakdown], results: Results, format_: str) -> str:
    """Tables as text: table, md or csv.

    Raises:
        UnknownName: no such format.

    """
    known = {"table": terminal, "md": markdown, "csv": comma_separated}
    if format_ not in known:
        raise UnknownName("breakdown format", format_, known)
    if format_ == "csv":
        return comma_separated(found)
    return "\n\n".join(known[format_](table, results) for table in found)


def terminal(table: Breakdown, results: Results) -> str:
    """One table for the terminal, best values marked by a star."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    (title, *heads), lines = texts(table)
    grid = Table(title=Text(title), box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left")
    for index, head in enumerate(heads):
        # As text: rich would take "[audio]" for markup and leave it out.
        justify = "left" if index < len(table.by) else "right"
        grid.add_column(Text(head.replace(" [", "\n[")), justify=justify)
    for line, top in zip(lines, best(table, results), strict=True):
        start = len(line) - len(table.rows)
        shown = [Text(text) for text in line]
        for row in top:
            shown[start + row].stylize("bold green")
        grid.add_row(*shown)
    console = Console(file=io.StringIO(), width=max(80, 40 + 18 * len(table.rows)))
    with console.capture() as capture:
        console.print(grid)
    return "\n".join(line.rstrip() for line in capture.get().splitlines()).strip("\n")


def markdown(table: Breakdown, results: Results) -> str:
    """One GitHub table, best values bold."""
    (title, *heads), lines = texts(table)
    out = [f"**{title}**", "", "| " + " | ".join(heads) + " |"]
    out.append("|" + "---|" * len(table.by) + "--:|" * (len(heads) - len(table.by)))
    for line, top in zip(lines, best(table, results), strict=True):
        start = len(line) - len(table.rows)
        for row in top:
            line[start + row] = f"**{line[start + row]}**"
        out.append("| " + " | ".join(line) + " |")
    return "\n".join(out)


def comma_separated(found: Sequence[Breakdown]) -> str:
    """One line a column, row and group."""
    lines = [
        {
            "column": table.column,
            "row": row,
            **dict(itertools.zip_longest(table.by, group, fillvalue="")),
            "value": cell.value,
            "n": cell.n,
            "failed": cell.failed,
            "recordings": cell.recordings,
        }
        for table in found
        for row, cells in zip(table.rows, table.cells, strict=True)
        for group, cell in zip(table.groups, cells, strict=True)
    ]
    buffer = io.StringIO()
    if lines:
        writer = csv.DictWriter(buffer, fieldnames=list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
    return buffer.getvalue().rstrip("\n")
