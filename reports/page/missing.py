"""What is missing or failed, and why: work that raised, cells with a note, columns unscored."""

from __future__ import annotations

from typing import Any

from harness.contracts import FailedCell, Results
from reports import tables


def section(results: Results) -> dict[str, Any]:
    """What the template shows."""
    return {
        "failed": failed(results.failures),
        "notes": [
            {"columns": ", ".join(names), "text": note}
            for note, names in tables.cell_notes(results).items()
        ],
        "unscored": [*tables.unscored(results), *tables.mixed(results)],
    }


def failed(cells: tuple[FailedCell, ...]) -> list[dict[str, Any]]:
    """Failures of the same kind together, with where they happened."""
    found: dict[tuple[str, ...], list[str]] = {}
    for one in cells:
        drive = f" [{one.drive}]" if one.drive else ""
        key = (one.kind, f"{one.method}{drive}", one.type, one.message, one.where)
        log = f" (log {one.log})" if one.log else ""
        found.setdefault(key, []).append(f"{one.sequence}, seed {one.seed}{log}")
    names = ("kind", "row", "type", "message", "line", "where")
    return [dict(zip(names, (*key, where), strict=True)) for key, where in found.items()]


def counts(results: Results) -> dict[str, int]:
    """Failed cells of work, failed cells of the table, and columns that nothing was scored in."""
    scores = [score for row in results.rows for score in row.scores.values()]
    return {
        "work": len(results.failures),
        "cells": sum(score.status == "failed" for score in scores),
        "partial": sum(score.status == "ok" and score.failures > 0 for score in scores),
        "columns": len(results.columns) - len(tables.shown(results)),
    }
