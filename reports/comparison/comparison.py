"""A comparison before any format: its changes as words and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.contracts import UnknownName
from reports import layout
from reports.comparison import protocol
from reports.comparison.changes import LEVEL, Change, compare, scope
from reports.comparison.moments import NAMED, Moment
from reports.comparison.rows import Side
from reports.statistics.bootstrap import RESAMPLES

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

LEGEND = (
    f"▲▼ significant at {LEVEL:g} after Holm's correction over the table; △▽ before it only; "
    "· the interval holds 0; ◆ it does not, in a column without direction, which is described and "
    "no part of the correction."
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


def make(
    pairs: Sequence[tuple[Side, Side]],
    names: tuple[str, str],
    columns: Sequence[str] = (),
    resamples: int = RESAMPLES,
    alone: Sequence[str] = (),
) -> Comparison:
    """Compare pairs of rows that were measured alike.

    Args:
        pairs: rows of A with those of B.
        names: what A and B are called.
        columns: those to compare, which are then the table that is corrected over; all without.
        resamples: bootstrap draws.
        alone: sentences on rows that met no other, of `sides.unmatched`.

    Raises:
        BadInput: they were measured differently.
        UnknownName: no such column.

    """
    protocol.require_same(pairs)
    known = {name for a, b in pairs for name in a.row.scores if name in b.row.scores}
    for name in columns:
        if name not in known:
            raise UnknownName("column", name, known)
    found = compare(pairs, columns=tuple(columns), resamples=resamples)
    facts = {k: v for a, _ in pairs for k, v in a.results.sequences.items()}
    remarks = (*protocol.remarks(pairs), *alone)
    return Comparison(*names, tuple(found), scope(found, facts), remarks)


def shown(comparison: Comparison) -> list[Change]:
    """Changes with a value on both sides."""
    return [change for change in comparison.changes if change.delta is not None]


def texts(change: Change) -> dict[str, str]:
    """One line, as text."""
    places = layout.digits(change.column)
    one = change.difference
    tested = one is not None and one.low is not None
    counts = ""
    if one is not None and change.pairs is not None:
        counts = f"{one.n}" + (f" ({one.failed} failed)" if one.failed else "")
    return {
        "column": f"{change.column} {layout.ARROWS[change.direction]}".strip(),
        "a": "-" if change.a is None else f"{change.a:.{places}f}",
        "b": "-" if change.b is None else f"{change.b:.{places}f}",
        "difference": "-" if change.delta is None else signed(change.delta, places),
        "interval": f"{signed(one.low, places)} to {signed(one.high, places)}" if tested else "",
        "p": p_text(change.p) if tested and change.direction != "none" else "",
        "pairs": counts,
        "verdict": MARKS[change.verdict] or change.reason,
    }


def p_text(p: float | None) -> str:
    """A p-value with four digits; never 0."""
    return "" if p is None else f"{p:.4f}" if p >= 1e-4 else "<0.0001"


def signed(value: float, places: int) -> str:
    """A difference: with its sign, 0 without."""
    text = f"{value:+.{places}f}"
    return text[1:] if float(text) == 0 else text


def moments(comparison: Comparison, limit: int = NAMED) -> list[str]:
    """Per column with a direction: the items that lost and won most, at most `limit` each."""
    lines = []
    for change in shown(comparison):
        places = layout.digits(change.column)
        if change.direction == "none":
            continue
        for word, found in (("worse", change.worse), ("better", change.better)):
            if found:
                items = "; ".join(moment_text(m, places) for m in found[:limit])
                row = f"{change.row}, " if several(comparison) else ""
                lines.append(f"{row}{change.column}, most {word}: {items}")
    return lines


def moment_text(moment: Moment, places: int) -> str:
    """Where, and both values."""
    where = f"{moment.sequence} {moment.unit} {moment.item}"
    return f"{where} ({moment.a:.{places}f} -> {moment.b:.{places}f})"


def several(comparison: Comparison) -> bool:
    """Whether more than one pair of rows is compared."""
    return len({change.row for change in comparison.changes}) > 1


def left_out(comparison: Comparison) -> list[str]:
    """Why columns have no value on one side, by reason."""
    grouped: dict[str, list[str]] = {}
    for change in comparison.changes:
        if change.delta is None:
            grouped.setdefault(change.reason, []).append(change.column)
    return [
        f"not compared, {reason}: {', '.join(dict.fromkeys(names))}"
        for reason, names in grouped.items()
    ]


def unpaired(comparison: Comparison) -> list[str]:
    """Sequences whose items one side alone has: their renders or scores failed on the other."""
    found: dict[str, list[str]] = {}
    for change in comparison.changes:
        if change.pairs is not None:
            for label, names in (("A", change.pairs.only_a), ("B", change.pairs.only_b)):
                if names:
                    text = f"items in {label} alone, so not compared: {', '.join(names)}"
                    found.setdefault(text, []).append(change.column)
    return [f"{', '.join(dict.fromkeys(columns))}: {text}" for text, columns in found.items()]


def notes(comparison: Comparison) -> list[str]:
    """Scope first: nothing in the table may be read without it."""
    alone = unpaired(comparison)
    return [comparison.scope, LEGEND, *comparison.remarks, *alone, *left_out(comparison)]
