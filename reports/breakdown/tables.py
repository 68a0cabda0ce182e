"""Means by group as a terminal table, Markdown or CSV."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from harness.contracts import UnknownName
from reports import formats, layout
from reports.breakdown.means import Breakdown
from reports.formats import CellText, TextTable


def table(found: Breakdown) -> TextTable:
    """Groups run down, rows of the leaderboard across, the best of them marked."""
    heads = [*found.by, "sequences", "items", *(row.replace(" [", "\n[") for row in found.rows)]
    lines = []
    for index, group in enumerate(found.groups):
        column, top = [cells[index] for cells in found.cells], found.best(index)
        names = group if group != ("all",) else ("all", *[""] * (len(found.by) - 1))
        count = str(max(cell.sequences for cell in column))
        items = "/".join(dict.fromkeys(str(cell.n) for cell in column))
        values = [
            CellText(found.text(row, index), "best" if row in top else "plain")
            for row in range(len(found.rows))
        ]
        lines.append([*map(CellText, (*names, count, items)), *values])
    title = f"{found.column} {layout.ARROWS[found.direction]}".strip()
    return TextTable(heads, lines, title, left=range(len(found.by)))


def render(found: Sequence[Breakdown], format_: str) -> str:
    """Tables as text: table, md or csv.

    Raises:
        UnknownName: no such format.

    """
    if format_ == "csv":
        return comma_separated(found)
    known = {"table": formats.terminal, "md": formats.markdown}
    if format_ not in known:
        raise UnknownName("breakdown format", format_, [*known, "csv"])
    return "\n\n".join(known[format_](table(one)) for one in found)


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
            "sequences": cell.sequences,
        }
        for table in found
        for row, cells in zip(table.rows, table.cells, strict=True)
        for group, cell in zip(table.groups, cells, strict=True)
    ]
    return formats.comma_separated(lines)
