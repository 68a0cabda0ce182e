"""An ablation as a section of a page: value, change with its picture, the paper's value below."""

from __future__ import annotations

from typing import Any

from harness.ablation import texts
from harness.ablation.table import LEVEL, Ablation, Cell, Line
from reports import layout
from reports.page import differences, missing
from reports.page import html as pages
from reports.page import versus as sections
from reports.page.differences import Difference


def values(ablation: Ablation, first: bool = True) -> dict[str, Any]:
    """What the template shows of an ablation; the first of a page explains the marks."""
    found = {
        line.name: [difference(ablation, name, line.cells[name]) for name in ablation.columns]
        for line in ablation.lines
    }
    axes = [differences.axis(column) for column in zip(*found.values(), strict=True)]
    base = next(line for line in ablation.lines if line.reference)
    rows = []
    for line in ablation.lines:
        changes = found[line.name]
        rows.append(
            {
                "name": line.name,
                "drive": line.drive,
                "set": settings(line, base),
                "reference": line.reference,
                "stored": line.row is not None,
                "tally": differences.tally(changes),
                "gist": gist(changes),
                "cells": [
                    {
                        "value": layout.value_text(name, line.cells[name].score),
                        "status": status(line.cells[name]),
                        "paper": pages.minus(texts.paper_text(name, line.cells[name])),
                        **differences.cell(one, scale),
                    }
                    for name, one, scale in zip(ablation.columns, changes, axes, strict=True)
                ],
            }
        )
    return {
        "id": ablation.id,
        "first": first,
        "title": ablation.title,
        "caption": texts.protocol(ablation),
        "reference": ablation.reference,
        "heads": [sections.head(ablation.results, name) for name in ablation.columns],
        "rows": rows,
        "paper": ablation.paper,
        "failed": missing.failed(ablation.results.failures),
        "notes": texts.notes(ablation),
    }


def difference(ablation: Ablation, name: str, cell: Cell) -> Difference:
    """One change as pages show it, with the words that comparisons use."""
    direction = ablation.results.columns[name]["direction"]
    change = cell.change
    if change is None:
        return Difference(name, direction)
    verdict = "untested" if change.p is None else "unclear"
    if change.p is not None and change.p <= LEVEL:
        verdict = {None: "changed", True: "better", False: "worse"}[change.better]
        if not change.significant and change.better is not None:
            verdict = f"maybe {verdict}"
    return Difference(
        name,
        direction,
        change.value,
        change.low,
        change.high,
        verdict,
        paper=cell.paper_change,
    )


def settings(line: Line, base: Line) -> list[str]:
    """What a row sets otherwise than the reference; all of it for the reference itself."""
    kept = {k: v for k, v in line.set.items() if line is base or base.set.get(k) != v}
    return [f"{name}={value}" for name, value in kept.items()]


def status(cell: Cell) -> str:
    """Whether there is a value: `ok`, `failed`, `unavailable` or `absent`."""
    return cell.score.status if cell.score else "absent"


def gist(changes: list[Difference]) -> dict[str, list[str]]:
    """Columns that surely got better and worse; `all N` where it is every one that was tested."""
    tested = [d for d in changes if d.verdict != "untested" and d.direction != "none"]
    said = {}
    for word in ("better", "worse"):
        names = [d.column for d in tested if d.verdict == word]
        alike = len(names) == len(tested) > 1
        said[word] = [f"all {len(names)} tested columns"] if alike else names
    return said


def section(ablation: Ablation) -> str:
    """A section of HTML without scripts; it wants the style sheet of the pages around it."""
    return pages.render("ablation_section.html", ablation=values(ablation))


def page(ablation: Ablation) -> str:
    """The section as a page of its own."""
    return pages.render("ablation.html", ablation=values(ablation))
