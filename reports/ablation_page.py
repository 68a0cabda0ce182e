"""An ablation as a section of a page: value, change in its colour, the paper's value below."""

from __future__ import annotations

from reports import ablation_texts as texts
from reports import layout
from reports.ablation import Ablation, Change


def section(ablation: Ablation) -> str:
    """A section of HTML without scripts, for a page of one's own; classes `good` and `bad`."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    rows = [
        {
            "name": line.name,
            "drive": line.drive,
            "set": ", ".join(f"{k}={v}" for k, v in line.set.items()),
            "reference": line.reference,
            "cells": [
                {
                    "value": layout.value_text(name, cell.score),
                    "change": texts.change_text(name, cell.change),
                    "tone": _tone(cell.change),
                    "sure": bool(cell.change and cell.change.significant),
                    "paper": texts.paper_text(name, cell),
                }
                for name, cell in line.cells.items()
            ],
        }
        for line in ablation.lines
    ]
    heads = [
        {
            "text": layout.head(ablation.results, name),
            "about": ablation.results.columns[name]["summary"],
        }
        for name in ablation.columns
    ]
    return environment.get_template("ablation.html").render(
        title=ablation.title, caption=texts.protocol(ablation), heads=heads, rows=rows,
        notes=texts.notes(ablation),
    )  # fmt: skip


def _tone(change: Change | None) -> str:
    """Colour is for what holds: an unsure change stays pale."""
    if change is None or change.better is None or not change.significant:
        return ""
    return "good" if change.better else "bad"


def page(ablation: Ablation) -> str:
    """The section as a page of its own."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{ablation.id}</title>\n</head>\n"
        '<body style="margin:0 auto;padding:1.5rem;max-width:1500px;'
        'font:15px/1.5 system-ui,sans-serif;color-scheme:light dark">\n'
        f"{section(ablation)}\n</body>\n</html>\n"
    )
