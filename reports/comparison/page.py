"""A comparison of two stored runs as one self-contained page."""

from __future__ import annotations

from collections.abc import Sequence
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
    marks, order = words.reasons(found), ("better", "worse")
    lines = [line(change) for change in changes]
    for shown in lines:
        shown["verdict"] = marks.get(shown["verdict"], shown["verdict"])
    return {
        "row": row,
        "alike": bool(changes) and all(one.verdict == "equal" for one in changes),
        "tally": differences.tally(changes),
        "gist": {word: named(changes, word) for word in (*order, "maybe better", "maybe worse")},
        "lines": sorted(
            lines, key=lambda each: order.index(each["kind"]) if each["kind"] in order else 2
        ),
    }


def named(changes: Sequence[Change], verdict: str) -> list[str]:
    """Columns with a verdict."""
    return [words.column_text(one) for one in changes if one.verdict == verdict]


def line(change: Change) -> dict[str, Any]:
    """One line: the texts of all formats, and a picture on an axis of its own.

    Columns have different units; what can be compared between lines is whether the interval
    leaves the middle, and to which side.
    """
    axis = None
    if change.interval:
        widest = max(abs(v) for v in (change.delta or 0.0, *change.interval))
        axis = pictures.scale([widest, -widest])
    shown = differences.cell(change, axis, words.digits_of([change]))
    return {**words.texts(change), **shown, "reason": change.reason}
