"""Where a row is weak: its means by emotion and intensity and by subject, against its own mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from harness.contracts import Results
from reports import layout
from reports.breakdown.means import Breakdown, breakdown, labelled
from reports.page.ranking import Ranking

#: Column -> its tables.
Groups = Mapping[str, Sequence[Breakdown]]


def columns(results: Results, ranking: Ranking) -> Groups:
    """Every column that is a mean of items, by what the sequences differ in."""
    keys = [key for key in ("emotion", "intensity") if labelled(results, key)]
    cuts = [keys] * bool(keys) + [["subject"]] * labelled(results, "subject")
    found = {}
    for name in layout.column_names(results) if cuts else ():
        made = [breakdown(results, ranking.sides, name, by) for by in cuts]
        if tables := [table for table in made if table is not None]:
            found[name] = tables
    return found


def section(results: Results, found: Groups) -> dict[str, Any] | None:
    """What the template shows; None without groups."""
    if not found:
        return None
    words = list(dict.fromkeys(key for tables in found.values() for t in tables for key in t.by))
    title = ", ".join(words[:-1]) + " and " + words[-1] if len(words) > 1 else words[0]
    return {
        "title": f"By {title}",
        "columns": [
            {
                "name": layout.head(results, name),
                "gist": gist(results, tables),
                "tables": list(map(table_of, tables)),
            }
            for name, tables in found.items()
        ],
    }


def table_of(table: Breakdown) -> dict[str, Any]:
    """Groups down, rows across; shaded by how far a group is from its row's own mean."""
    rows = range(len(table.rows))
    gains, lows = [gains_of(table, row) for row in rows], [worst(table, row) for row in rows]
    spread = max((abs(gain) for row in gains for gain in row.values()), default=0.0)
    lines = []
    for group, names in enumerate(table.groups):
        column, top, cells = [row[group] for row in table.cells], table.best(group), []
        for row, mean in enumerate(column):
            gain = gains[row].get(group, 0.0)
            shade = round(100 * abs(gain) / spread) if spread else 0
            cells.append(
                {
                    "text": table.text(row, group),
                    "failed": mean.failed,
                    "best": row in top,
                    "weak": lows[row] == group,
                    "side": ("over" if gain > 0 else "under") if shade else "",
                    "strength": shade,
                }
            )
        line = {"name": " ".join(names), "all": names == ("all",), "cells": cells}
        lines.append(line | {"sequences": max(mean.sequences for mean in column)})
    return {"by": " and ".join(table.by), "heads": table.rows, "lines": lines}


def gains_of(table: Breakdown, row: int) -> dict[int, float]:
    """Group -> how much better a row is in it than over all its sequences, where both are known."""
    *cells, every = table.cells[row]
    if every.value is None or table.direction == "none":
        return {}
    up = -1 if table.direction == "down" else 1
    return {
        group: up * (mean.value - every.value)
        for group, mean in enumerate(cells)
        if mean.value is not None
    }


def worst(table: Breakdown, row: int) -> int | None:
    """The group in which a row is farthest behind its own mean; None where all are alike."""
    gains = gains_of(table, row)
    low = min(gains, key=lambda group: gains[group], default=None)
    # Means that differ by rounding alone are alike.
    mean = table.cells[row][-1].value or 0.0
    return low if low is not None and gains[low] < -1e-9 * abs(mean) else None


def judged(results: Results) -> list[str]:
    """Rows whose weak spots are worth a sentence: methods that compete."""
    rows = (row for row in results.rows if row.role == "method" and layout.competes(row))
    return [layout.row_label(row) for row in rows]


def gist(results: Results, tables: Sequence[Breakdown]) -> str:
    """The weakest group of each method in one column, in words."""
    found = []
    for label in judged(results):
        spots, mean = [], ""
        for table in tables:
            row = table.rows.index(label) if label in table.rows else None
            if row is not None and (low := worst(table, row)) is not None:
                mean = table.text(row, -1)
                spots.append(f"{' '.join(table.groups[low])} {table.text(row, low)}")
        if spots:
            found.append(f"{label}: {', '.join(spots)} (all {mean})")
    return "; ".join(found)


def weak_spots(results: Results, found: Groups) -> list[dict[str, Any]]:
    """Per method and kind of group: the group that is its worst in at least half of the columns.

    Counts columns, tests nothing: columns are correlated, and some faces are hard for everyone.
    `group` is empty where the columns do not agree on one.
    """
    spots = []
    for label in judged(results):
        kinds: dict[str, Counter[str]] = {}
        for table in chain.from_iterable(found.values()):
            if table.direction != "none" and label in table.rows:
                low = worst(table, table.rows.index(label))
                counts = kinds.setdefault(" and ".join(table.by), Counter())
                counts[" ".join(table.groups[low]) if low is not None else ""] += 1
        lines = []
        for by, counts in kinds.items():
            total = counts.total()
            del counts[""]
            ((group, count),) = counts.most_common(1) or [("", 0)]
            group = group if 2 * count >= total else ""
            lines.append({"by": by, "group": group, "count": count, "of": total})
        if lines:
            spots.append({"label": label, "groups": lines})
    return spots
