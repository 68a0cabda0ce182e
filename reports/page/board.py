"""The leaderboard of the page: heads, cells with interval, ranks and notes, and who leads."""

from __future__ import annotations

from typing import Any

from harness.contracts import Results, Row, Score
from reports import layout, tables
from reports.page import pictures, versus
from reports.page.ranking import Ranking, rank_text


def columns(results: Results) -> list[dict[str, Any]]:
    """Column heads: name, variant, direction, meaning, and items where all rows have as many."""
    shown, heads = tables.shown(results), []
    for name in layout.column_names(results):
        facts = results.columns[name]
        head = versus.head(results, name)
        head["about"] = f"{facts['summary']}. Reference: {facts['reference']}."
        counts = {score.n for row in results.rows if (score := row.scores.get(name)) is not None}
        alike = counts.pop() if len(counts) == 1 else 0
        heads.append({**head, "missing": name not in shown, "n": alike})
    return heads


def rows(results: Results, ranking: Ranking) -> list[dict[str, Any]]:
    """Rows with their cells: shown text, score, interval, rank, and the numbers of their notes."""
    # As the notes are numbered in the list below the table.
    numbers = {note: index for index, note in enumerate(tables.cell_notes(results), 1)}
    names = layout.column_names(results)
    digits = {name: layout.column_precision(results, name) for name in names}
    table = []
    for index, (row, texts) in enumerate(
        zip(results.rows, layout.cells(results, names), strict=True)
    ):
        cells = []
        for name, text in zip(names, texts, strict=True):
            score, ranks = row.scores.get(name, Score("absent")), ranking.ranks.get(name, {})
            rank, worst = ranks.get(index), max((one[2] for one in ranks.values()), default=0)
            cells.append(
                {
                    "shown": text,
                    "score": score,
                    "leads": bool(rank and rank[1] == 1),
                    "numbers": [numbers[note] for note in text.notes if note in numbers],
                    "interval": narrow(layout.interval_text(score, digits[name])),
                    "rank": rank_text(rank).removeprefix("rank ") if rank else "",
                    "strip": pictures.ranks(rank, worst) if rank else "",
                }
            )
        competes = layout.competes(row)
        table.append({"row": row, "competes": competes, "about": about(row), "cells": cells})
    return table


def narrow(interval: str) -> str:
    """An interval with a dash between its ends, unless one of them has a minus sign."""
    return interval if "-" in interval else interval.replace(" to ", "–")


def about(row: Row) -> str:
    """Role or preset with its overrides, and what drove the test, as far as they are known."""
    parts = [row.preset if row.role == "method" else row.role]
    parts += [f"{name}={value}" for name, value in row.options.items()]
    parts.append(f"driven by {row.drive}" if row.drive else "")
    return ", ".join(part for part in parts if part)


def leaders(results: Results, ranking: Ranking) -> list[dict[str, Any]]:
    """Rows that may be best in some column, those first that surely are in most.

    alone: columns in which no other row may be best; shared: columns in which others may be too;
    of: columns with ranks.
    """
    found: dict[int, dict[str, list[str]]] = {}
    for name, ranks in ranking.ranks.items():
        who = [index for index, rank in ranks.items() if rank[1] == 1]
        for index in who:
            kinds = found.setdefault(index, {"alone": [], "shared": []})
            kinds["alone" if len(who) == 1 else "shared"].append(layout.head(results, name))
    count = len(ranking.ranks)
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


def unranked(results: Results, ranking: Ranking) -> list[str]:
    """Columns with a direction and values but without ranks, with the row of the best value."""
    lines = []
    for name in layout.column_names(results):
        best = sorted(layout.best_rows(results, name))
        if name not in ranking.ranks and best:
            who = ", ".join(layout.row_label(results.rows[index]) for index in best)
            lines.append(f"{layout.head(results, name)} ({who})")
    return lines
