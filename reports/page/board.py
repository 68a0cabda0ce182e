"""The leaderboard of the page: heads, cells with interval, ranks and notes, and who leads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.contracts import Results, Row
from reports import layout
from reports.page import marks
from reports.page.standing import Standing, rank_text


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
                "competes": layout.competes(row),
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
    """Rows that may be best in some column, those first that surely are in most.

    alone: columns in which no other row may be best; shared: columns in which others may be too;
    of: columns with ranks.
    """
    found: dict[int, dict[str, list[str]]] = {}
    for name, ranks in stand.ranks.items():
        who = [index for index, rank in ranks.items() if rank[1] == 1]
        for index in who:
            kinds = found.setdefault(index, {"alone": [], "shared": []})
            kinds["alone" if len(who) == 1 else "shared"].append(layout.head(results, name))
    count = len(stand.ranks)
    lines = [
        {
            "label": layout.row_label(results.rows[index]),
            **kinds,
            "of": count,
            "shares": [
                ("is", round(100 * len(kinds["alone"]) / count, 1)),
                ("may", round(100 * len(kinds["shared"]) / count, 1)),
            ],
        }
        for index, kinds in found.items()
    ]
    return sorted(lines, key=lambda line: (-len(line["alone"]), -len(line["shared"])))


def unranked(results: Results, stand: Standing) -> list[str]:
    """Columns with a direction and values but without ranks, with the row of the best value."""
    lines = []
    for name in layout.column_names(results):
        best = sorted(layout.best_rows(results, name))
        if name not in stand.ranks and best:
            who = ", ".join(layout.row_label(results.rows[index]) for index in best)
            lines.append(f"{layout.head(results, name)} ({who})")
    return lines
