"""Means by group as a terminal table, Markdown or CSV."""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence

from harness.contracts import Results, UnknownName
from reports import layout
from reports.breakdown.means import Breakdown, best


def texts(table: Breakdown) -> tuple[list[str], list[list[str]]]:
    """Heads and lines: groups run down, rows of the table across."""
    places = layout.digits(table.column)
    arrow = layout.ARROWS[table.direction]
    heads = [*table.by, "sequences", "items", *table.rows]
    lines = []
    for index, group in enumerate(table.groups):
        column = [cells[index] for cells in table.cells]
        lines.append(
            [
                *(group if group != ("all",) else ("all", *[""] * (len(table.by) - 1))),
                str(max(cell.sequences for cell in column)),
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
            "sequences": cell.sequences,
        }
        for table in found
        for row, cells in zip(table.rows, table.cells, strict=True)
        for group, cell in zip(table.groups, cells, strict=True)
    ]
    return layout.comma_separated(lines)
