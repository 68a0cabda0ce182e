"""Sections of the page that say what may be claimed: against the best row, and by groups."""

from __future__ import annotations

from collections import Counter
from typing import Any

from harness.contracts import Results
from reports import breakdown, layout
from reports.breakdown import Breakdown
from reports.compare import Change
from reports.comparison import MARKS, signed
from reports.standing import Standing

#: Order of the parts of a row's bar.
KINDS = ("better", "maybe better", "unclear", "maybe worse", "worse")


def versus(results: Results, stand: Standing) -> dict[str, Any] | None:
    """All rows but oracles against the reference row; None where there is only one row."""
    if stand.reference is None:
        return None
    names = [
        name
        for name in layout.column_names(results)
        if results.columns[name]["direction"] != "none"
        and any(c.get(name) and c[name].delta is not None for c in stand.changes.values())
    ]
    lines = []
    for index, changes in stand.changes.items():
        row = results.rows[index]
        shown = [changes.get(name) for name in names]
        counts = Counter(c.verdict for c in shown if c is not None)
        tested = sum(counts[kind] for kind in KINDS) + counts["equal"]
        lines.append(
            {
                "label": row.method,
                "about": f"driven by {row.drive}" if row.drive else row.role,
                "cells": [cell(change) for change in shown],
                "shares": [
                    (kind.replace(" ", "-"), round(100 * counts[kind] / tested, 1))
                    for kind in KINDS
                    if tested and counts[kind]
                ],
                "tally": tally(counts, tested),
            }
        )
    return {
        "reference": layout.row_label(results.rows[stand.reference]),
        "scope": stand.scope,
        "problem": stand.problem,
        "heads": [head(results, name) for name in names],
        "rows": lines,
    }


def tally(counts: Counter[str], tested: int) -> str:
    """How many columns went which way, in words."""
    said = [f"{counts[kind]} {kind}" for kind in KINDS if kind != "unclear" and counts[kind]]
    return f"{', '.join(said) or 'nothing sure'} of {tested}"


def head(results: Results, name: str) -> dict[str, str]:
    """A column's head in two lines."""
    family, _, variant = name.partition("/")
    arrow = layout.ARROWS[results.columns[name]["direction"]]
    return {"family": family, "variant": variant, "arrow": arrow}


def cell(change: Change | None) -> dict[str, str]:
    """One difference from the reference."""
    if change is None or change.delta is None:
        reason = change.reason if change else "not scored"
        return {"kind": "untested", "text": "-", "mark": "", "interval": "", "title": reason}
    places = layout.digits(change.column)
    one = change.difference
    tested = one is not None and one.low is not None
    interval = f"{signed(one.low, places)} to {signed(one.high, places)}" if tested else ""
    title = change.reason
    if tested:
        p = f", p = {change.p:.4f} after Holm" if change.p is not None else ""
        failed = f", {one.failed} failed" if one.failed else ""
        title = f"{change.verdict}: {one.n} pairs{failed}, {one.scope}{p}"
    return {
        "kind": change.verdict.replace(" ", "-"),
        "text": signed(change.delta, places).replace("-", "−"),
        "mark": "" if change.verdict == "unclear" else MARKS[change.verdict][:1],
        "interval": interval.replace("-", "−"),
        "title": title,
    }


def groups(results: Results, stand: Standing) -> dict[str, Any] | None:
    """Tables by emotion and intensity, and by person, a column at a time."""
    keys = [key for key in ("emotion", "intensity") if breakdown.labelled(results, key)]
    cuts = [keys] if keys else []
    if breakdown.labelled(results, "person"):
        cuts.append(["person"])
    if not cuts:
        return None
    read = {index: side.items for index, side in stand.sides.items()}
    columns = []
    for name in layout.column_names(results):
        found = [breakdown.breakdown(results, read, name, by) for by in cuts]
        parts = [group_table(results, table) for table in found if table is not None]
        if parts:
            columns.append({"name": layout.head(results, name), "tables": parts})
    words = [key for by in cuts for key in by]
    title = "By " + (" and ".join(words) if len(words) < 3 else "emotion, intensity and person")
    return {"title": title, "columns": columns} if columns else None


def group_table(results: Results, table: Breakdown) -> dict[str, Any]:
    """Rows down, groups across, shaded from the worst to the best of those that compete."""
    places, tops = layout.digits(table.column), breakdown.best(table, results)
    known = {layout.row_label(row): row for row in results.rows}
    rows = []
    for index, name in enumerate(table.rows):
        cells = []
        for group, mean in enumerate(table.cells[index]):
            text = "-" if mean.value is None else f"{mean.value:.{places}f}"
            failed = f", {mean.failed} failed" if mean.failed else ""
            cells.append(
                {
                    "text": text,
                    "best": index in tops[group],
                    "title": f"{mean.n} items{failed}, {mean.recordings} recordings",
                    "shade": shade(results, table, index, group),
                }
            )
        rows.append({"label": name, "role": known[name].role, "cells": cells})
    heads = [
        {
            "name": " ".join(group),
            "recordings": max(cells[i].recordings for cells in table.cells),
        }
        for i, group in enumerate(table.groups)
    ]
    return {"by": " and ".join(table.by), "heads": heads, "rows": rows}


def shade(results: Results, table: Breakdown, row: int, group: int) -> int:
    """How far a cell is from the worst (0) to the best (100) that compete in its group."""
    rivals = {layout.row_label(r) for r in results.rows if layout.competes(r)}
    values = {
        index: cells[group].value
        for index, cells in enumerate(table.cells)
        if table.rows[index] in rivals and cells[group].value is not None
    }
    if row not in values or table.direction == "none":
        return 0
    low, high = min(values.values()), max(values.values())
    if high == low:
        return 0
    part = (values[row] - low) / (high - low)
    return round(100 * (part if table.direction == "up" else 1 - part))
