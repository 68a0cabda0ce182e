"""The leaderboard of the page: heads, cells with interval, ranks and notes, and who leads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.contracts import Results, Row
from reports import layout, marks
from reports.standing import Standing, rank_text


def columns(results: Results) -> list[dict[str, Any]]:
    """Column heads: name, variant, direction and what it means."""
    heads = []
    for name in layout.column_names(results):
        facts = results.columns[name]
        family, _, variant = name.partition("/")
        missing = all(
            row.scores.get(name) is None or row.scores[name].status == "unavailable"
            for row in results.rows
        )
        heads.append(
            {
                "name": name,
                "family": family,
                "variant": variant,
                "arrow": layout.ARROWS[facts["direction"]],
                "unit": facts["unit"],
                "summary": f"{facts['summary']} Reference: {facts['reference']}",
                "missing": missing,
            }
        )
    return heads


def rows(results: Results, stand: Standing, numbers: Mapping[str, int]) -> list[dict[str, Any]]:
    """Rows with shown text, interval, rank, note and a number to sort by.

    Args:
        results: the rows.
        stand: their ranks.
        numbers: text of a note -> its number below the table.

    """
    names = layout.column_names(results)
    table = []
    for index, (row, cells) in enumerate(
        zip(results.rows, layout.cells(results, names), strict=True)
    ):
        shown = []
        for name, cell in zip(names, cells, strict=True):
            score, ranked = row.scores.get(name), stand.ranks.get(name, {})
            rank = ranked.get(index)
            shown.append(
                {
                    "text": cell.text,
                    "status": score.status if score else "absent",
                    "best": cell.best,
                    "leads": bool(rank and rank[1] == 1),
                    "note": cell.note,
                    "number": numbers.get(cell.note),
                    "interval": layout.interval_text(name, score),
                    "rank": rank_text(rank) if rank else "",
                    "strip": marks.ranks(rank, len(ranked)) if rank else "",
                    "n": score.n if score else 0,
                    "sort": score.value if score and score.value is not None else "",
                }
            )
        table.append(
            {
                "method": row.method,
                "title": row.title,
                "role": row.role,
                "about": about(row),
                "cells": shown,
            }
        )
    return table


def about(row: Row) -> str:
    """Role or preset, and what drove the test, as far as they are known."""
    parts = [row.preset if row.role == "method" else row.role]
    parts.append(f"driven by {row.drive}" if row.drive else "")
    return ", ".join(part for part in parts if part)


def leaders(results: Results, stand: Standing) -> list[dict[str, Any]]:
    """Columns by the rows that may be best in them, most columns first.

    sure: one row alone is left; rows that the data do not tell apart stand together. Columns
    without ranks, which are no means of items, come last with the best value's row.
    """
    found: dict[tuple[str, tuple[int, ...]], list[str]] = {}
    for name in layout.column_names(results):
        ranks = stand.ranks.get(name)
        if ranks:
            who = tuple(sorted(index for index, rank in ranks.items() if rank[1] == 1))
            found.setdefault(("sure" if len(who) == 1 else "open", who), []).append(name)
        elif best := layout.best_rows(results, name):
            found.setdefault(("untested", tuple(sorted(best))), []).append(name)
    order = ("sure", "open", "untested")
    lines = sorted(found.items(), key=lambda one: (order.index(one[0][0]), -len(one[1])))
    return [
        {
            "kind": kind,
            "rows": [layout.row_label(results.rows[index]) for index in who],
            "columns": [layout.head(results, name) for name in names],
        }
        for (kind, who), names in lines
    ]
