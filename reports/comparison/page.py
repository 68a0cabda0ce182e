"""A comparison of two stored runs as one self-contained page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.comparison import comparison as words
from reports.comparison.changes import Change
from reports.comparison.comparison import Comparison
from reports.page import differences, pictures
from reports.page import html as pages


def page(found: Comparison) -> str:
    """One table a pair of rows, what changed first."""
    known = (found.scope, words.LEGEND)
    return pages.render(
        "compare.html",
        comparison=found,
        tables=[table(found, row) for row in found.rows],
        notes=[note for note in words.notes(found) if note not in known],
        extremes=words.extreme_lines(found),
    )


def table(found: Comparison, row: str) -> dict[str, Any]:
    """The columns of one pair of rows: those that changed surely come first."""
    changes = [change for change in found.shown if change.row == row]
    marks = words.reasons(found)
    gist: dict[str, list[str]] = {word: [] for word in words.CHANGED}
    for change in changes:
        if change.verdict in gist:
            gist[change.verdict].append(words.column_text(change))
    order = {"better": 0, "worse": 1}
    return {
        "row": row,
        "alike": words.alike(changes),
        "tally": differences.tally(changes),
        "gist": gist,
        "lines": [
            line(change, marks)
            for change in sorted(changes, key=lambda one: order.get(one.verdict, 2))
        ],
    }


def line(change: Change, marks: Mapping[str, str]) -> dict[str, Any]:
    """One line: the texts of all formats, and a picture on an axis of its own.

    Columns have different units; what can be compared between lines is whether the interval
    leaves the middle, and to which side.
    """
    axis = None
    if change.interval:
        widest = max(abs(v) for v in (change.delta or 0.0, *change.interval))
        axis = pictures.scale([widest, -widest])
    shown = differences.cell(change, axis, words.digits_of([change]))
    return {**words.texts(change, marks), **shown}
