"""Where a row is weak: its means by emotion and intensity and by subject, against its own mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.contracts import Results
from reports import layout
from reports.breakdown import means as breakdown
from reports.breakdown.means import Breakdown
from reports.page.ranking import Ranking


@dataclass(frozen=True)
class ColumnGroups:
    """All tables of one column."""

    name: str
    tables: tuple[Breakdown, ...]


def columns(results: Results, ranking: Ranking) -> list[ColumnGroups]:
    """Every column that is a mean of items, by what the sequences differ in."""
    keys = [key for key in ("emotion", "intensity") if breakdown.labelled(results, key)]
    cuts = [keys] if keys else []
    if breakdown.labelled(results, "subject"):
        cuts.append(["subject"])
    found = []
    for name in layout.column_names(results) if cuts else ():
        made = [breakdown.breakdown(results, ranking.sides, name, by) for by in cuts]
        tables = tuple(table for table in made if table is not None)
        if tables:
            found.append(ColumnGroups(name, tables))
    return found


def section(results: Results, found: Sequence[ColumnGroups]) -> dict[str, Any] | None:
    """What the template shows; None without groups."""
    if not found:
        return None
    words = list(dict.fromkeys(key for column in found for t in column.tables for key in t.by))
    title = ", ".join(words[:-1]) + " and " + words[-1] if len(words) > 1 else words[0]
    roles = {layout.row_label(row): row.role for row in results.rows}
    return {
        "title": f"By {title}",
        "columns": [
            {
                "name": layout.head(results, column.name),
                "gist": gist(results, column),
                "tables": [table_of(table, roles) for table in column.tables],
            }
            for column in found
        ],
    }


def table_of(table: Breakdown, roles: dict[str, str]) -> dict[str, Any]:
    """Groups down, rows across."""
    lows = [worst(table, row) for row in range(len(table.rows))]
    spread = spread_of(table)
    lines = []
    for group, names in enumerate(table.groups):
        column, top = [cells[group] for cells in table.cells], table.best(group)
        lines.append(
            {
                "name": " ".join(names),
                "all": names == ("all",),
                "sequences": max(mean.sequences for mean in column),
                "cells": [
                    {
                        "text": table.text(row, group),
                        "failed": mean.failed,
                        "best": row in top,
                        "weak": lows[row] == group,
                        **shade(table, row, group, spread),
                    }
                    for row, mean in enumerate(column)
                ],
            }
        )
    heads = [{"name": name, "role": roles[name]} for name in table.rows]
    return {"by": " and ".join(table.by), "heads": heads, "lines": lines}


def gain(table: Breakdown, row: int, group: int) -> float | None:
    """How much better a row is in a group than over all its sequences; None if unknown."""
    value, mean = table.cells[row][group].value, table.cells[row][-1].value
    if value is None or mean is None or table.direction == "none":
        return None
    return (value - mean) * (-1 if table.direction == "down" else 1)


def worst(table: Breakdown, row: int) -> int | None:
    """The group in which a row is farthest behind its own mean; None where all are alike."""
    gains = {
        group: one
        for group in range(len(table.groups) - 1)
        if (one := gain(table, row, group)) is not None
    }
    low = min(gains, key=lambda group: gains[group], default=None)
    # Means that differ by rounding alone are alike.
    mean = table.cells[row][-1].value or 0.0
    return low if low is not None and gains[low] < -1e-9 * abs(mean) else None


def spread_of(table: Breakdown) -> float:
    """The largest distance of any row's group from its mean: where the shading is full."""
    found = [
        abs(one)
        for row in range(len(table.rows))
        for group in range(len(table.groups) - 1)
        if (one := gain(table, row, group)) is not None
    ]
    return max(found, default=0.0)


def shade(table: Breakdown, row: int, group: int, spread: float) -> dict[str, Any]:
    """Side (`over` or `under` the row's mean) and strength in percent."""
    one = gain(table, row, group)
    if one is None or not spread or group == len(table.groups) - 1:
        return {"side": "", "strength": 0}
    return {"side": "over" if one > 0 else "under", "strength": round(100 * abs(one) / spread)}


def judged(results: Results) -> list[str]:
    """Rows whose weak spots are worth a sentence: methods that compete."""
    return [
        layout.row_label(row)
        for row in results.rows
        if row.role == "method" and layout.competes(row)
    ]


def gist(results: Results, column: ColumnGroups) -> str:
    """The weakest group of each method in one column, in words."""
    wanted, found = judged(results), []
    for label in column.tables[0].rows:
        if label not in wanted:
            continue
        spots = []
        for table in column.tables:
            low = worst(table, table.rows.index(label))
            if low is not None:
                row = table.rows.index(label)
                mean = table.text(row, -1)
                spots.append(f"{' '.join(table.groups[low])} {table.text(row, low)}")
        if spots:
            found.append(f"{label}: {', '.join(spots)} (all {mean})")
    return "; ".join(found)


def weak_spots(results: Results, found: Sequence[ColumnGroups]) -> list[dict[str, Any]]:
    """Per method and kind of group: the group that is its worst in at least half of the columns.

    Counts columns, tests nothing: columns are correlated, and some faces are hard for everyone.
    `group` is empty where the columns do not agree on one.
    """
    spots = []
    for label in judged(results):
        kinds: dict[tuple[str, ...], Counter[str]] = {}
        for column in found:
            for table in column.tables:
                if table.direction == "none" or label not in table.rows:
                    continue
                low = worst(table, table.rows.index(label))
                counts = kinds.setdefault(table.by, Counter())
                counts[" ".join(table.groups[low]) if low is not None else ""] += 1
        lines = []
        for by, counts in kinds.items():
            group, count = max(
                ((group, count) for group, count in counts.items() if group),
                key=lambda one: one[1],
                default=("", 0),
            )
            stands = 2 * count >= counts.total()
            lines.append(
                {
                    "by": " and ".join(by),
                    "group": group if stands else "",
                    "count": count,
                    "of": counts.total(),
                }
            )
        if lines:
            spots.append({"label": label, "groups": lines})
    return spots
