"""A comparison of two stored runs as one self-contained page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports import layout
from reports.comparison import comparison
from reports.comparison.changes import Change
from reports.comparison.comparison import Comparison
from reports.page import differences
from reports.page import html as pages
from reports.page.differences import Difference


def page(found: Comparison) -> str:
    """One table a pair of rows, what changed first."""
    shown = comparison.shown(found)
    rows = dict.fromkeys(change.row for change in found.changes)
    said = comparison.notes(found)
    return pages.render(
        "compare.html",
        comparison=found,
        tables=[table(row, [c for c in shown if c.row == row], reasons(found)) for row in rows],
        notes=[note for note in said if note not in (found.scope, comparison.LEGEND)],
        reasons=reason_notes(found),
        moments=comparison.moments(found),
    )


def reasons(found: Comparison) -> dict[str, str]:
    """Why columns with two values were not tested -> what stands in their lines instead.

    The same sentence holds for many columns and would fill the table.
    """
    untested = [c.reason for c in comparison.shown(found) if c.verdict == "untested" and c.reason]
    return {text: f"not tested [{i}]" for i, text in enumerate(dict.fromkeys(untested), 1)}


def reason_notes(found: Comparison) -> list[str]:
    """The reasons by their numbers, for below the table."""
    return [f"{mark}: {text}" for text, mark in reasons(found).items()]


def table(row: str, changes: list[Change], marks: Mapping[str, str]) -> dict[str, Any]:
    """The columns of one pair of rows: those that changed surely come first.

    Args:
        row: its name.
        changes: its columns.
        marks: reason -> what stands for it.

    """
    found = [differences.of_change(c.column, c.direction, c) for c in changes]
    lines = [line(change, one) for change, one in zip(changes, found, strict=True)]
    for shown in lines:
        shown["verdict"] = marks.get(shown["verdict"], shown["verdict"])
    order = {kind: place for place, kind in enumerate(("better", "worse"))}
    return {
        "row": row,
        "alike": bool(found) and all(one.verdict == "equal" for one in found),
        "tally": differences.tally(found),
        "gist": {
            word: [head(one) for one in found if one.verdict == word]
            for word in ("better", "worse", "maybe better", "maybe worse")
        },
        "lines": sorted(lines, key=lambda each: order.get(each["kind"], len(order))),
    }


def head(one: Difference) -> str:
    """Name and direction of a column."""
    return f"{one.column} {layout.ARROWS[one.direction]}".strip()


def line(change: Change, one: Difference) -> dict[str, Any]:
    """One line: the texts of all formats, and a picture on an axis of its own.

    Columns have units of their own; what can be seen in every line alike is whether the interval
    leaves the middle, and to which side.
    """
    if one.low is None:
        return {**comparison.texts(change), **differences.cell(one, None), "reason": change.reason}
    widest = max((abs(v) for v in (one.value, one.low, one.high) if v is not None), default=0.0)
    axis = differences.axis([one, Difference(one.column, one.direction, widest, -widest)])
    shown = differences.cell(one, axis)
    return {**comparison.texts(change), **shown, "reason": change.reason}
