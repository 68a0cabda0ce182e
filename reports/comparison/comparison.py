"""A comparison before any format: its changes as words and numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reports import layout
from reports.comparison import protocol
from reports.comparison.changes import Change, compare, scope
from reports.comparison.extremes import NAMED
from reports.comparison.rows import Side
from reports.numbers import Precision, of_changes
from reports.statistics.correction import LEVEL

MARKS = {
    "better": "▲ better",
    "worse": "▼ worse",
    "maybe better": "△ maybe better",
    "maybe worse": "▽ maybe worse",
    "unclear": "· unclear",
    "changed": "◆ changed",
    "equal": "= equal",
    "untested": "",
}

#: Verdicts of a difference that holds, at least before correction.
CHANGED = ("better", "worse", "maybe better", "maybe worse")

LEGEND = (
    f"▲▼ significant at {LEVEL:g} after Holm correction over the table; △▽ only before it; "
    "· not significant; ◆ significant in a column without a direction, which is not part of the "
    "correction."
)


@dataclass(frozen=True)
class Comparison:
    """Changes with what a reader must know to judge them."""

    a: str
    b: str
    changes: tuple[Change, ...]
    scope: str
    remarks: tuple[str, ...]

    @property
    def title(self) -> str:
        """What is subtracted from what."""
        return f"A = {self.a}, B = {self.b}; differences are B - A"

    @property
    def rows(self) -> list[str]:
        """Names of the pairs of rows, in order."""
        return list(dict.fromkeys(change.row for change in self.changes))

    @property
    def shown(self) -> list[Change]:
        """Changes with a value on both sides."""
        return [change for change in self.changes if change.delta is not None]


def make(
    pairs: Sequence[tuple[Side, Side]],
    names: tuple[str, str],
    columns: Sequence[str] = (),
    alone: Sequence[str] = (),
) -> Comparison:
    """Compare pairs of rows that were measured alike.

    Args:
        pairs: rows of A with those of B.
        names: what A and B are called.
        columns: those to compare, which are then the table that is corrected over, or families
            of them; all without.
        alone: sentences on rows without a counterpart, of `rows.unmatched`.

    Raises:
        BadInput: they were measured differently.
        UnknownName: no such column.

    """
    protocol.require_same(pairs)
    known = [name for a, b in pairs for name in a.row.scores if name in b.row.scores]
    wanted = layout.named(dict.fromkeys(known), columns)
    found = compare(pairs, wanted)
    remarks = (*protocol.remarks(pairs), *alone)
    return Comparison(*names, tuple(found), scope(found), remarks)


def alike(changes: Sequence[Change]) -> bool:
    """Whether all columns of a pair of rows are equal."""
    return bool(changes) and all(change.verdict == "equal" for change in changes)


def digits_of(changes: Sequence[Change]) -> Precision:
    """How the differences of one column are written."""
    sizes = [(one.delta, *(one.interval or ())) for one in changes]
    return of_changes(changes[0].column, [v for one in changes for v in (one.a, one.b)], sizes)


def texts(change: Change, marks: Mapping[str, str] = {}) -> dict[str, str]:
    """One line, as text; `marks` are what it shows instead of a reason, of `reasons`."""
    digits = digits_of([change])
    one, interval = change.difference, change.interval
    counts = ""
    if one is not None and change.pairs is not None:
        counts = f"{one.n}" + (f" ({one.failed} failed)" if one.failed else "")
    tested = interval is not None and change.direction != "none"
    return {
        "column": column_text(change),
        "a": "-" if change.a is None else digits.text(change.a),
        "b": "-" if change.b is None else digits.text(change.b),
        "difference": "-" if change.delta is None else digits.signed(change.delta),
        "interval": " to ".join(map(digits.signed, interval or ())),
        "p": p_text(change.p) if tested else "",
        "pairs": counts,
        "verdict": MARKS[change.verdict] or marks.get(change.reason, change.reason),
    }


def column_text(change: Change) -> str:
    """Name and direction of a column."""
    return f"{change.column} {layout.ARROWS[change.direction]}".strip()


def p_text(p: float | None) -> str:
    """A p-value with four digits; never 0."""
    return "" if p is None else f"{p:.4f}" if p >= 1e-4 else "<0.0001"


def extreme_lines(
    comparison: Comparison, limit: int = NAMED, only: Callable[[Change], bool] = bool
) -> list[str]:
    """Per column with a direction: the items that lost and won most, at most `limit` each."""
    lines = []
    for change in filter(only, comparison.shown):
        if change.direction == "none":
            continue
        digits = digits_of([change])
        for word, found in (("losses", change.worse), ("gains", change.better)):
            if found:
                items = "; ".join(
                    f"{one.sequence} {one.unit} {one.item} "
                    f"({digits.text(one.a)} -> {digits.text(one.b)})"
                    for one in found[:limit]
                )
                row = f"{change.row}, " if len(comparison.rows) > 1 else ""
                lines.append(f"{row}{change.column}, largest {word}: {items}")
    return lines


def reasons(comparison: Comparison) -> dict[str, str]:
    """Why columns with two values were not tested -> what their lines show instead.

    The same sentence holds for many columns and would fill the table.
    """
    untested = [c.reason for c in comparison.shown if c.verdict == "untested" and c.reason]
    return {text: f"not tested [{i}]" for i, text in enumerate(dict.fromkeys(untested), 1)}


def grouped(lines: Sequence[tuple[str, str]]) -> list[str]:
    """(text, column) as one line for each text."""
    found: dict[str, list[str]] = {}
    for text, column in lines:
        found.setdefault(text, []).append(column)
    return [f"{text}: {', '.join(dict.fromkeys(columns))}" for text, columns in found.items()]


def notes(comparison: Comparison) -> list[str]:
    """Scope first: nothing in the table may be read without it; then what is left out and why."""
    alone = [
        (f"sequences only in {side}, not compared ({', '.join(names)})", change.column)
        for change in comparison.changes
        if change.pairs is not None
        for side, names in (("A", change.pairs.only_a), ("B", change.pairs.only_b))
        if names
    ]
    missing = [
        (f"not compared, {c.reason}", c.column) for c in comparison.changes if c.delta is None
    ]
    why = [f"{mark}: {text}" for text, mark in reasons(comparison).items()]
    found = [*grouped(alone), *grouped(missing), *why]
    return [comparison.scope, LEGEND, *comparison.remarks, *found]
