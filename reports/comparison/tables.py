"""A comparison as a terminal table, Markdown, CSV, LaTeX or a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reports import formats, tables
from reports.comparison import comparison as words
from reports.comparison import page as compare_page
from reports.comparison.changes import Change
from reports.comparison.comparison import Comparison
from reports.formats import CellText, TextTable

HEADS = ("column", "A", "B", "B - A", "95% interval", "p (Holm)", "items", "")


def table(comparison: Comparison, row: str) -> TextTable:
    """One pair of rows: a line for each column with a value on both sides."""
    marks = words.reasons(comparison)
    lines = []
    for change in comparison.shown:
        if change.row == row:
            *cells, last = words.texts(change, marks).values()
            lines.append([*map(CellText, cells), CellText(last, change.verdict)])
    return TextTable(HEADS, lines, row, left=(0, len(HEADS) - 1))


def terminal(comparison: Comparison) -> str:
    """One table for each pair of rows; the items of columns with a difference that holds."""
    parts = [formats.plain(comparison.title)]
    for row in comparison.rows:
        changes = [change for change in comparison.shown if change.row == row]
        if words.alike(changes):
            parts.append(f"{formats.plain(row)}: all {len(changes)} columns are equal\n")
        else:
            parts.append(formats.terminal(table(comparison, row)) + "\n")
    items = words.extreme_lines(comparison, 1, lambda change: change.verdict in words.CHANGED)
    notes = TextTable((), (), notes=[*words.notes(comparison), *items])
    return "\n".join([*parts, formats.terminal(notes)])


def markdown(comparison: Comparison) -> str:
    """GitHub tables, notes below."""
    found = [formats.markdown(table(comparison, row)) for row in comparison.rows]
    notes = formats.listed([*words.notes(comparison), *words.extreme_lines(comparison)])
    return "\n\n".join([formats.in_markdown(comparison.title), *found, "\n".join(notes)])


def record(change: Change) -> dict[str, Any]:
    """One change for programs."""
    facts = ["low", "high", "error", "n", "failed", "sequences", "subjects", "level", "clusters"]
    return {
        **tables.fields(change, "row column direction a b"),
        "difference": change.delta,
        **{name: getattr(change.difference, name, None) for name in facts},
        "p": change.raw_p,
        "p_holm": change.p if change.direction != "none" else None,
        **tables.fields(change, "verdict reason"),
    }


def comma_separated(comparison: Comparison) -> str:
    """One line a row and column."""
    return formats.comma_separated([record(change) for change in comparison.changes])


def latex(comparison: Comparison) -> str:
    """A booktabs table; a star where it is significant after correction."""
    lines = []
    for change in comparison.shown:
        name, *cells = list(words.texts(change).values())[:6]
        cells[2] += "*" if change.verdict in ("better", "worse") else ""
        name = f"{change.row}: {name}" if len(comparison.rows) > 1 else name
        lines.append([CellText(text) for text in (name, *cells)])
    return formats.latex(TextTable(HEADS[:6], lines, comparison.title, words.notes(comparison)))


FORMATS: dict[str, Callable[[Comparison], str]] = {
    "table": terminal,
    "md": markdown,
    "csv": comma_separated,
    "tex": latex,
    "html": compare_page.page,
}
