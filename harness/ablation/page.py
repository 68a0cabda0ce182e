"""Ablations on pages: value, change with its picture, and the paper's value below."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.ablation import table, texts
from harness.ablation.table import Ablation, Line
from harness.contracts import BadInput, Results
from reports import layout, stored
from reports.comparison.changes import Change
from reports.page import assemble, differences, families, missing, versus
from reports.page import html as pages

#: Where `ablate` puts its grids inside a run folder.
FOLDER = "ablations"


def values(ablation: Ablation, first: bool = True) -> dict[str, Any]:
    """What the template shows of an ablation; the first of a page explains the marks."""
    base = next(line for line in ablation.lines if line.reference)
    columns = {
        name: differences.column(
            ablation.changes(name), [line.cells[name].paper_change for line in ablation.lines]
        )
        for name in ablation.columns
    }
    digits = {name: layout.column_precision(ablation.results, name) for name in ablation.columns}
    rows = []
    for place, line in enumerate(ablation.lines):
        changes = [line.cells[name].change for name in ablation.columns]
        cells = [
            {
                "value": layout.value_text(cell.score, digits[name]),
                "sort": cell.score.value if cell.score else None,
                "status": cell.score.status if cell.score else "absent",
                "paper": differences.minus(texts.paper_text(ablation, name, cell)),
                **columns[name][place],
            }
            for name in ablation.columns
            for cell in [line.cells[name]]
        ]
        rows.append(
            {
                "name": line.name,
                "drive": line.drive,
                "set": settings(line, base),
                "reference": line.reference,
                "stored": line.row is not None,
                "tally": differences.tally(changes),
                "gist": gist(changes),
                "cells": cells,
            }
        )
    return {
        "id": ablation.id,
        "first": first,
        "title": ablation.title,
        "caption": texts.protocol(ablation),
        "reference": ablation.reference,
        "families": families.chooser(ablation.results, ablation.columns),
        "heads": [versus.head(ablation.results, name) for name in ablation.columns],
        "rows": rows,
        "paper": ablation.paper,
        "failed": missing.failed(ablation.results.failures),
        "notes": texts.notes(ablation),
    }


def settings(line: Line, base: Line) -> list[str]:
    """What a row sets otherwise than the reference; all of it for the reference itself."""
    kept = {k: v for k, v in line.set.items() if line is base or base.set.get(k) != v}
    return [f"{name}={value}" for name, value in kept.items()]


def gist(changes: Sequence[Change | None]) -> dict[str, list[str]]:
    """Columns with a significant change; `all N` if it is every one that was tested."""
    tested = [c for c in changes if c and c.direction != "none" and c.raw_p is not None]
    found = {}
    for word in ("better", "worse"):
        names = [c.column for c in tested if c.verdict == word]
        alike = len(names) == len(tested) > 1
        found[word] = [f"all {len(names)} tested columns"] if alike else names
    return found


def page(ablation: Ablation) -> str:
    """The section as a page of its own."""
    return pages.render("ablation.html", ablation=values(ablation))


def of_folder(folder: Path) -> assemble.Ablations:
    """The folder's own ablation, or those inside it."""
    own = table.is_ablation(folder)
    inside = sorted(path.parent for path in folder.glob(f"{FOLDER}/*/{table.FILE}"))
    sections: list[dict[str, Any]] = []
    problems = []
    for place in [folder] if own else inside:
        try:
            sections.append(values(table.read(place), not sections))
        except BadInput as error:
            problems.append(str(error))
    return assemble.Ablations(sections, problems, own)


def write_page(results: Results, folder: Path, target: Path | None = None) -> Path:
    """Write the page of a run folder with its ablations; returns its path."""
    return assemble.write(results, folder, target, of_folder(folder))


def refresh_page(folder: Path) -> Path | None:
    """Write a run folder's page again, after an ablation in it; None where there is no run."""
    if not (folder / stored.FILE).is_file():
        return None
    return write_page(stored.read(folder), folder)
