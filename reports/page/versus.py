"""The section of the page that says what may be claimed: every row against the best one."""

from __future__ import annotations

from typing import Any

from harness.contracts import Results
from reports import layout
from reports.comparison import comparison as words
from reports.page import differences
from reports.page.ranking import Ranking


def versus(results: Results, ranking: Ranking) -> dict[str, Any] | None:
    """All rows but oracles against the reference row; None where there is only one row."""
    if ranking.reference is None:
        return None
    changes = ranking.changes
    compared = {
        change.column
        for found in changes.values()
        for change in found.values()
        if change.direction != "none" and change.delta is not None
    }
    names = [name for name in layout.column_names(results) if name in compared]
    columns = [differences.column([found.get(n) for found in changes.values()]) for n in names]
    lines = []
    for place, (index, found) in enumerate(changes.items()):
        cells = [column[place] for column in columns]
        tally = differences.tally(found.get(name) for name in names)
        lines.append({"row": results.rows[index], "cells": cells, "tally": tally})
    return {
        "reference": layout.row_label(results.rows[ranking.reference]),
        "scope": ranking.scope,
        "problem": ranking.problem,
        "heads": [head(results, name) for name in names],
        "rows": lines,
        "numbers": numbers(results, ranking, names),
    }


def numbers(results: Results, ranking: Ranking, names: list[str]) -> list[list[str]]:
    """Everything that a careful reader asks of a difference, as a line of texts."""
    lines = []
    for index, changes in ranking.changes.items():
        for name in names:
            change = changes.get(name)
            if change is None or change.delta is None:
                continue
            one, text = change.difference, words.texts(change)
            lines.append(
                [
                    layout.row_label(results.rows[index]),
                    text["column"],
                    differences.minus(text["difference"]),
                    differences.minus(text["interval"]),
                    words.p_text(change.raw_p),
                    words.p_text(change.p),
                    "" if one is None else str(one.n),
                    "" if one is None else str(one.failed),
                    change.reason or change.verdict,
                ]
            )
    return lines


def head(results: Results, name: str) -> dict[str, Any]:
    """A column's head in two lines, how it sorts, and what it means."""
    family, _, variant = name.partition("/")
    facts = results.columns[name]
    return {
        "name": name,
        "family": family,
        "variant": variant,
        "direction": facts["direction"],
        "arrow": layout.ARROWS[facts["direction"]],
        "unit": facts["unit"],
        "about": facts["summary"],
        "missing": False,
        "n": 0,
    }
