"""An ablation as a terminal table, Markdown, CSV, LaTeX or a page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.ablation import page as ablation_page
from harness.ablation import table as ablation
from harness.ablation.table import Ablation, Line
from harness.ablation.texts import change_digits, change_text, notes, paper_text, protocol
from harness.contracts import Score
from harness.storage import write_text
from reports import formats, layout, tables
from reports.comparison.changes import Change
from reports.formats import CellText, TextTable

#: Verdicts whose change has a colour; any other stays pale.
SURE = ("better", "worse")


def table(found: Ablation) -> TextTable:
    """Rows of the grid with the change and the paper's value below each value."""
    digits = {name: change_digits(found, name) for name in found.columns}
    values = {name: layout.column_precision(found.results, name) for name in found.columns}
    rows = []
    for line in found.lines:
        cells = [CellText(f"{line.name} [{line.drive}]")]
        for name in found.columns:
            cell = line.cells[name]
            verdict = cell.change.verdict if cell.change else ""
            change = CellText(
                change_text(cell.change, digits[name]), verdict if verdict in SURE else "dim"
            )
            paper = paper_text(found, name, cell)
            below = (change, CellText(f"paper {paper}" if paper else "", "note"))
            cells.append(CellText(layout.value_text(cell.score, values[name]), below=below))
        rows.append(cells)
    heads = ["row", *(layout.head(found.results, name) for name in found.columns)]
    title = f"{found.title}. {protocol(found)}"
    return TextTable(heads, rows, title, notes(found), below=("change", "paper"))


def terminal(found: Ablation) -> str:
    """A table for the terminal; metrics run down, rows of the grid run across."""
    width = max(80, 20 + 28 * len(found.lines))
    return formats.terminal(table(found).turned("metric"), width)


def comma_separated(found: Ablation) -> str:
    """One line a row and column."""
    return formats.comma_separated(
        [record(found, line, name) for line in found.lines for name in found.columns]
    )


def record(found: Ablation, line: Line, name: str) -> dict[str, Any]:
    """One cell for programs."""
    cell, facts = line.cells[name], found.results.columns[name]
    score = cell.score or Score("absent")
    change = cell.change or Change(name, facts["direction"], None, None)
    low, high = change.interval or (None, None)
    paper = found.paper if cell.paper is not None and found.paper else {}
    return {
        "grid": found.id,
        "row": line.name,
        "drive": line.drive,
        "reference": found.reference,
        "column": name,
        "direction": facts["direction"],
        "unit": facts["unit"],
        **tables.fields(score, "status value low high n failures"),
        "change": change.delta,
        "change_low": low,
        "change_high": high,
        "p": change.raw_p,
        "p_holm": change.p if change.direction != "none" else None,
        "verdict": change.verdict if cell.change else None,
        "level": change.difference.level if change.difference else None,
        "paper": cell.paper,
        "paper_change": cell.paper_change,
        "paper_source": paper.get("source"),
        "paper_note": paper.get("note"),
    }


FORMATS: dict[str, Callable[[Ablation], str]] = {
    "table": terminal,
    "md": lambda found: formats.markdown(table(found)),
    "csv": comma_separated,
    "tex": lambda found: formats.latex(table(found)),
    "html": ablation_page.page,
}


def write(folder: Path) -> dict[str, str]:
    """Write the table of a folder in every format; returns the texts by format."""
    found = ablation.read(folder)
    texts = {name: make(found) for name, make in FORMATS.items()}
    for name, text in texts.items():
        if name != "table":
            write_text(folder / f"ablation.{name}", text.rstrip("\n") + "\n")
    return texts
