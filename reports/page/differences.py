"""Differences from a reference as cells of a page: mark, number, interval, picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from reports.comparison.changes import Change
from reports.comparison.comparison import MARKS, digits_of
from reports.numbers import Precision
from reports.page import pictures

#: Order of the parts of a bar that counts verdicts.
KINDS = ("better", "maybe better", "equal", "unclear", "maybe worse", "worse")


def minus(text: str) -> str:
    """Numbers with a true minus sign, which is as wide as the plus."""
    return text.replace("-", "−")


def gain(change: Change, value: float | None) -> float | None:
    """A difference with more meaning better, so that better is to the right."""
    return -value if value is not None and change.direction == "down" else value


def column(
    changes: Sequence[Change | None], papers: Sequence[float | None] = ()
) -> list[dict[str, Any]]:
    """All differences of one column, row by row, on one axis and with the same digits.

    `papers` are the changes that a paper prints for the same rows, drawn beside ours.
    """
    printed = papers or [None] * len(changes)
    known = [(c, paper) for c, paper in zip(changes, printed, strict=True) if c is not None]
    valued = [change for change, _ in known if change.delta is not None]
    values = [gain(c, v) for c, paper in known for v in (c.delta, *(c.interval or ()), paper)]
    scale = pictures.scale(values)
    digits = digits_of(valued) if valued else Precision(False, 0)
    return [cell(c, scale, digits, p) for c, p in zip(changes, printed, strict=True)]


def cell(
    change: Change | None,
    scale: pictures.Scale | None,
    digits: Precision,
    paper: float | None = None,
) -> dict[str, Any]:
    """What the template shows of a difference."""
    if change is None or change.delta is None:
        empty = dict.fromkeys(("mark", "interval", "picture"), "")
        return {"kind": "untested", "text": "-", "change": None, **empty}
    low, high = (gain(change, end) for end in change.interval or (None, None))
    kind, mark = change.verdict.replace(" ", "-"), MARKS[change.verdict][:1].strip("·")
    return {
        "kind": kind,
        "mark": mark,
        "change": change.delta,
        "text": minus(digits.signed(change.delta)),
        "interval": minus(" to ".join(map(digits.signed, change.interval or ()))),
        "picture": pictures.whisker(
            scale, gain(change, change.delta), low, high, kind, gain(change, paper)
        ),
    }


def tally(changes: Iterable[Change | None]) -> dict[str, Any]:
    """How many columns went which way: parts of a bar in percent, and words."""
    counts = Counter(c.verdict for c in changes if c is not None and c.direction != "none")
    tested = sum(counts[kind] for kind in KINDS)
    words = [f"{counts[kind]} {kind}" for kind in KINDS if counts[kind]]
    if tested == counts["unclear"]:
        words = ["0 significant"]
    return {
        "shares": [
            (kind.replace(" ", "-"), round(100 * counts[kind] / tested, 1))
            for kind in KINDS
            if counts[kind]
        ],
        "words": f"{', '.join(words)} of {tested}" if tested else "not tested",
    }
