"""An ablation as a terminal table, Markdown, CSV, LaTeX or a page."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

from harness.ablation import page as ablation_page
from harness.ablation import table as ablation
from harness.ablation.table import Ablation, Change
from harness.ablation.texts import (
    STAR,
    caption,
    change_text,
    has_paper,
    notes,
    paper_text,
    row_text,
)
from harness.storage import write_text
from reports import layout, tables

#: Columns of the CSV, one line a row of the grid and column of the table.
FIELDS = (
    *("grid", "row", "drive", "reference", "column", "direction", "unit", "status"),
    *("value", "low", "high", "n", "failures"),
    *("change", "change_low", "change_high", "p", "p_holm", "significant", "better", "scope"),
    *("paper", "paper_change", "paper_source", "paper_note"),
)


def table(found: Ablation) -> str:
    """A table for the terminal; metrics run down, rows of the grid run across."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(title=caption(found), box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left")
    grid.add_column("metric")
    for line in found.lines:
        grid.add_column(Text(f"{line.name}\n[{line.drive}]"), justify="right")
    for name in found.columns:
        texts = []
        for line in found.lines:
            cell = line.cells[name]
            text = Text(layout.value_text(name, cell.score))
            if cell.change:
                text.append(f"\n{change_text(name, cell.change)}", _style(cell.change))
            if cell.paper is not None:
                text.append(f"\npaper {paper_text(name, cell)}", "dim italic")
            texts.append(text)
        grid.add_row(layout.head(found.results, name), *texts)
    console = Console(file=io.StringIO(), width=max(80, 20 + 28 * len(found.lines)))
    with console.capture() as capture:
        console.print(grid)
        for note in notes(found):
            console.print(Text(note, style="dim"))
    return capture.get().rstrip()


def _style(change: Change) -> str:
    """Colour is for what holds: an unsure change stays pale."""
    if not change.significant or change.better is None:
        return "dim"
    return "bold green" if change.better else "bold red"


def markdown(found: Ablation) -> str:
    """A GitHub table: value and change, below each row the paper's."""
    heads = ["row", *(layout.head(found.results, name) for name in found.columns)]
    lines = [caption(found), "", "| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for line in found.lines:
        texts = []
        for name in found.columns:
            cell = line.cells[name]
            change = change_text(name, cell.change).replace(STAR, r"\*")
            value = layout.value_text(name, cell.score)
            texts.append(f"{value}<br>{change}" if change else value)
        lines.append("| " + " | ".join([row_text(line), *texts]) + " |")
        if has_paper(line):
            printed = [paper_text(name, line.cells[name]) for name in found.columns]
            slanted = [f"*{text}*" if text else "" for text in printed]
            lines.append("| " + " | ".join([f"*paper: {line.name}*", *slanted]) + " |")
    said = [note.replace(STAR, r"\*") for note in notes(found)]
    return "\n".join([*lines, "", *(f"- {note}" for note in said)])


def comma_separated(found: Ablation) -> str:
    """One line a row and column."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, FIELDS, lineterminator="\n")
    writer.writeheader()
    for line in found.lines:
        for name in found.columns:
            cell = line.cells[name]
            score, change = cell.score, cell.change
            entry = {
                "grid": found.id,
                "row": line.name,
                "drive": line.drive,
                "reference": found.reference,
                "column": name,
                "direction": found.results.columns[name]["direction"],
                "unit": found.results.columns[name]["unit"],
                "status": score.status if score else "absent",
                "paper": cell.paper,
                "paper_change": cell.paper_change,
            }
            if score:
                kept = ("value", "low", "high", "n", "failures")
                entry |= {field: getattr(score, field) for field in kept}
            if change:
                entry |= {
                    "change": change.value,
                    "change_low": change.low,
                    "change_high": change.high,
                    "p": change.p,
                    "p_holm": change.adjusted,
                    "significant": change.significant,
                    "better": change.better,
                    "scope": change.scope,
                }
            if cell.paper is not None and found.paper:
                entry |= {
                    "paper_source": found.paper["source"],
                    "paper_note": found.paper["note"],
                }
            writer.writerow(entry)
    return buffer.getvalue().rstrip("\n")


def latex(found: Ablation) -> str:
    """A booktabs table; changes and the paper's values in small lines below each row."""
    arrows = layout.LATEX_ARROWS
    names, columns = found.columns, found.results.columns
    heads = [tables.escape(n) + arrows[columns[n]["direction"]] for n in names]
    lines = [
        f"% {caption(found)}",
        *(f"% {note}" for note in notes(found)),
        r"\begin{tabular}{l" + "r" * len(names) + "}",
        r"\toprule",
        " & ".join(["Row", *heads]) + r" \\",
        r"\midrule",
    ]
    for line in found.lines:
        values = [tables.escape(layout.value_text(n, line.cells[n].score)) for n in names]
        lines.append(" & ".join([tables.escape(row_text(line)), *values]) + r" \\")
        changes = [change_text(n, line.cells[n].change) for n in names]
        if any(changes):
            lines.append(" & ".join([r"\quad\scriptsize change", *map(_small, changes)]) + r" \\")
        if has_paper(line):
            printed = [paper_text(n, line.cells[n]) for n in names]
            lines.append(" & ".join([r"\quad\scriptsize paper", *map(_small, printed)]) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"])


def _small(text: str) -> str:
    """Small type; the star raised, the hyphens as minus signs."""
    if not text:
        return ""
    star = "^{*}" if text.endswith(STAR) else ""
    return rf"{{\scriptsize ${tables.escape(text.removesuffix(STAR))}{star}$}}"


FORMATS: dict[str, Callable[[Ablation], str]] = {
    "table": table,
    "md": markdown,
    "csv": comma_separated,
    "tex": latex,
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
