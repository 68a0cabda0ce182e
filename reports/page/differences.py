"""A difference from a reference as a cell of a page: mark, number, interval, picture."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from reports import layout
from reports.comparison.changes import Change
from reports.comparison.comparison import signed
from reports.page import marks
from reports.page.html import minus

#: Verdict -> mark; the shape says what the colour says.
MARKS = {
    "better": "▲",
    "worse": "▼",
    "maybe better": "△",
    "maybe worse": "▽",
    "changed": "◆",
    "equal": "=",
}

#: Order of the parts of a bar that counts verdicts.
KINDS = ("better", "maybe better", "equal", "unclear", "maybe worse", "worse")


@dataclass(frozen=True)
class Difference:
    """One difference of one column, as pages need it.

    verdict: a word of `reports.comparison.changes.Change.verdict`.
    reason: why there is no value or no interval.
    """

    column: str
    direction: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    verdict: str = "untested"
    reason: str = ""
    paper: float | None = None


def of_change(name: str, direction: str, change: Change | None) -> Difference:
    """A change of a comparison as pages show it; an interval that is no number is none."""
    if change is None or change.delta is None:
        return Difference(name, direction, reason=change.reason if change else "not scored")
    one = change.difference
    low, high = (one.low, one.high) if one else (None, None)
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        low = high = None
    return Difference(name, direction, change.delta, low, high, change.verdict, change.reason)


def gain(one: Difference, value: float | None) -> float | None:
    """The same difference with more meaning better, so that better is to the right."""
    return -value if value is not None and one.direction == "down" else value


def axis(found: Iterable[Difference]) -> marks.Scale | None:
    """One axis for the differences of a column."""
    values = [gain(d, v) for d in found for v in (d.value, d.low, d.high, d.paper)]
    return marks.scale(values)


def cell(one: Difference, scale: marks.Scale | None) -> dict[str, Any]:
    """What the template shows of a difference."""
    places = layout.digits(one.column)
    if one.value is None:
        return {"kind": "untested", "mark": "", "text": "-", "interval": "", "picture": ""}
    interval = ""
    if one.low is not None and one.high is not None:
        interval = minus(f"{signed(one.low, places)} to {signed(one.high, places)}")
    kind = one.verdict.replace(" ", "-")
    ends = (gain(one, one.low), gain(one, one.high))
    return {
        "kind": kind,
        "mark": MARKS.get(one.verdict, ""),
        "text": minus(signed(one.value, places)),
        "interval": interval,
        "picture": marks.whisker(
            scale, gain(one, one.value), *ends, kind=kind, paper=gain(one, one.paper)
        ),
    }


def tally(found: Iterable[Difference]) -> dict[str, Any]:
    """How many columns went which way: parts of a bar in percent, and words."""
    counts = Counter(one.verdict for one in found if one.direction != "none")
    tested = sum(counts[kind] for kind in KINDS)
    said = [f"{counts[kind]} {kind}" for kind in KINDS if counts[kind]]
    if tested == counts["unclear"]:
        said = ["nothing sure"]
    return {
        "shares": [
            (kind.replace(" ", "-"), round(100 * counts[kind] / tested, 1))
            for kind in KINDS
            if counts[kind]
        ],
        "words": f"{', '.join(said)} of {tested}" if tested else "not tested",
    }
