"""A comparison as a terminal table, Markdown, CSV, LaTeX or a page."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.contracts import UnknownName
from reports import layout
from reports.comparison import moments
from reports.comparison import page as compare_page
from reports.comparison.changes import Change
from reports.comparison.comparison import Comparison, notes, several, shown, texts
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
        marks = compare_page.reasons(comparison)
        for row in dict.fromkeys(change.row for change in comparison.changes):
            changes = [change for change in shown(comparison) if change.row == row]
            if changes and all(change.verdict == "equal" for change in changes):
                console.print(Text(f"{row}: all {len(changes)} columns are equal\n"))
                continue
            grid = Table(title=Text(row), box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left")
            for head in ("column", "A", "B", "B - A", "95% interval", "p (Holm)", "items", ""):
                grid.add_column(head, justify="left" if head in ("column", "") else "right")
            for change in changes:
                cells = texts(change)
                verdict = cells.pop("verdict")
                mark = Text(marks.get(verdict, verdict))
                mark.stylize(styles.get(mark.plain[:1], "dim"))
                grid.add_row(*map(Text, cells.values()), mark)
            console.print(grid)
        extremes = moments(only_changed(comparison), 1)
        for line in [*notes(comparison), *compare_page.reason_notes(comparison), *extremes]:
            console.print(Text(line, style="dim"))
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def only_changed(comparison: Comparison) -> Comparison:
    """The comparison without the items of columns that no test tells apart: a page holds those."""
    told = ("better", "worse", "maybe better", "maybe worse")
    changes = (
        change if change.verdict in told else replace(change, worse=(), better=())
        for change in comparison.changes
    )
    return replace(comparison, changes=tuple(changes))


def markdown(comparison: Comparison) -> str:
    """GitHub tables, notes below."""
    lines = [comparison.title]
    marks = compare_page.reasons(comparison)
    for row in dict.fromkeys(change.row for change in comparison.changes):
        lines += ["", f"**{row}**", ""]
        lines.append("| column | A | B | B - A | 95% interval | p (Holm) | items | |")
        lines.append("|---|--:|--:|--:|--:|--:|--:|---|")
        lines += [
            "| " + " | ".join(marks.get(text, text) for text in texts(change).values()) + " |"
            for change in shown(comparison)
            if change.row == row
        ]
    said = [*notes(comparison), *compare_page.reason_notes(comparison), *moments(comparison)]
    lines += ["", *(f"- {line}" for line in said)]
    return "\n".join(lines)


def record(change: Change) -> dict[str, Any]:
    """One change for programs."""
    one = change.difference
    facts = ("low", "high", "error", "n", "failed", "sequences", "subjects", "level", "clusters")
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
    return layout.comma_separated([record(change) for change in comparison.changes])


def latex(comparison: Comparison) -> str:
    """A booktabs table; a star where it is significant after correction."""
    arrows = layout.LATEX_ARROWS
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
