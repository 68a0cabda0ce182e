"""A comparison as a terminal table, Markdown, CSV, LaTeX or a page."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

from harness.contracts import UnknownName
from reports import compare_page
from reports.compare import Change
from reports.comparison import Comparison, moments, notes, several, shown, texts
from reports.tables import escape


def render(comparison: Comparison, format_: str) -> str:
    """The comparison as text.

    Raises:
        UnknownName: no such format.

    """
    if format_ not in FORMATS:
        raise UnknownName("comparison format", format_, FORMATS)
    return FORMATS[format_](comparison)


def table(comparison: Comparison) -> str:
    """For the terminal, one table a pair of rows."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    styles = {"▲": "bold green", "△": "green", "▼": "bold red", "▽": "red"}
    console = Console(file=io.StringIO(), width=140)
    with console.capture() as capture:
        console.print(Text(comparison.title))
        for row in dict.fromkeys(change.row for change in comparison.changes):
            grid = Table(title=Text(row), box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left")
            for head in ("column", "A", "B", "B - A", "95% interval", "p (Holm)", "items", ""):
                grid.add_column(head, justify="left" if head in ("column", "") else "right")
            for change in shown(comparison):
                if change.row == row:
                    cells = texts(change)
                    mark = Text(cells.pop("verdict"))
                    mark.stylize(styles.get(mark.plain[:1], "dim"))
                    grid.add_row(*map(Text, cells.values()), mark)
            console.print(grid)
        for line in [*notes(comparison), *moments(comparison, 1)]:
            console.print(Text(line, style="dim"))
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def markdown(comparison: Comparison) -> str:
    """GitHub tables, notes below."""
    lines = [comparison.title]
    for row in dict.fromkeys(change.row for change in comparison.changes):
        lines += ["", f"**{row}**", ""]
        lines.append("| column | A | B | B - A | 95% interval | p (Holm) | items | |")
        lines.append("|---|--:|--:|--:|--:|--:|--:|---|")
        lines += [
            "| " + " | ".join(texts(change).values()) + " |"
            for change in shown(comparison)
            if change.row == row
        ]
    lines += ["", *(f"- {line}" for line in [*notes(comparison), *moments(comparison)])]
    return "\n".join(lines)


def record(change: Change) -> dict[str, Any]:
    """One change for programs."""
    one = change.difference
    facts = ("low", "high", "error", "n", "failed", "recordings", "persons", "level", "clusters")
    return {
        "row": change.row,
        "column": change.column,
        "direction": change.direction,
        "a": change.a,
        "b": change.b,
        "difference": change.delta,
        **{name: getattr(one, name) if one else None for name in facts},
        "p": one.p if one else None,
        "p_holm": change.p if change.direction != "none" else None,
        "verdict": change.verdict,
        "reason": change.reason,
    }


def comma_separated(comparison: Comparison) -> str:
    """One line a row and column."""
    buffer = io.StringIO()
    lines = [record(change) for change in comparison.changes]
    if lines:
        writer = csv.DictWriter(buffer, fieldnames=list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
    return buffer.getvalue().rstrip("\n")


def latex(comparison: Comparison) -> str:
    """A booktabs table; a star where it is significant after correction."""
    arrows = {"up": r"$\uparrow$", "down": r"$\downarrow$", "none": ""}
    lines = [f"% {line}" for line in [comparison.title, *notes(comparison)]]
    lines += [r"\begin{tabular}{lrrrrr}", r"\toprule"]
    lines += [r"Column & A & B & B $-$ A & 95\% interval & $p$ (Holm) \\", r"\midrule"]
    for change in shown(comparison):
        cells = texts(change)
        star = "^{*}" if change.verdict in ("better", "worse") else ""
        name = escape(change.column) + arrows[change.direction]
        name = f"{escape(change.row)}: {name}" if several(comparison) else name
        cells = [name, cells["a"], cells["b"], f"${cells['difference']}{star}$"]
        interval = texts(change)["interval"].replace(" to ", "$ to $")
        cells += [f"${interval}$" if interval else "", texts(change)["p"].replace("<", "$<$")]
        lines.append(" & ".join(cells) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"])


FORMATS: dict[str, Callable[[Comparison], str]] = {
    "table": table,
    "md": markdown,
    "csv": comma_separated,
    "tex": latex,
    "html": compare_page.page,
}
