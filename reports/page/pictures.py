"""Small inline pictures: a difference with its interval, and the rank confidence sets.

No number is in a picture alone: each picture is beside its text, so it is hidden from
screen readers. Colours come from the style sheet's classes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

#: Pixels of a whisker, and the part of its width that is left free on either side.
WIDTH, HEIGHT, MARGIN = 104, 14, 6

#: Pixels of the strip of ranks.
STRIP = 40


@dataclass(frozen=True)
class Scale:
    """One axis for all rows of a column; it always holds 0, the reference."""

    low: float
    high: float

    def x(self, value: float) -> float:
        """Pixels from the left."""
        part = (value - self.low) / (self.high - self.low)
        return round(MARGIN + (WIDTH - 2 * MARGIN) * min(max(part, 0.0), 1.0), 1)


def scale(values: Iterable[float | None]) -> Scale | None:
    """The axis that holds 0 and all known values; None where they leave it no width."""
    known = [0.0, *(value for value in values if value is not None)]
    low, high = min(known), max(known)
    return Scale(low, high) if high > low else None


def whisker(
    axis: Scale | None,
    value: float | None,
    low: float | None = None,
    high: float | None = None,
    kind: str = "",
    paper: float | None = None,
) -> str:
    """A dot with its interval, left or right of the line at 0; SVG, or nothing without an axis.

    The dot is hollow without an interval. `kind` is the class that colours it, `paper` a second
    value, drawn as a diamond.
    """
    if axis is None or value is None:
        return ""
    middle = HEIGHT // 2
    parts = [f'<path class="zero" d="M{axis.x(0)} 0V{HEIGHT}"/>']
    if paper is not None:
        parts.append(f'<path class="paper" d="M{axis.x(paper)} {middle - 4}l4 4-4 4-4-4z"/>')
    hollow = ' class="bare"'
    if low is not None and high is not None:
        a, b, top, hollow = axis.x(low), axis.x(high), middle - 3, ""
        parts.append(f'<path d="M{a} {middle}H{b}M{a} {top}v6M{b} {top}v6"/>')
    parts.append(f'<circle{hollow} cx="{axis.x(value)}" cy="{middle}" r="3"/>')
    return (
        f'<svg class="whisker {kind}" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">{"".join(parts)}</svg>'
    )


def ranks(rank: tuple[int, int, int], count: int) -> str:
    """A strip of `count` places from best to worst: the possible ones pale, the rank's own full."""
    place, best, worst = rank
    step = STRIP / max(count, 1)

    def bar(first: int, last: int, kind: str) -> str:
        left, width = round((first - 1) * step, 1), round((last - first + 1) * step - 1, 1)
        return f'<rect class="{kind}" x="{left}" width="{width}" height="5"/>'

    bars = bar(1, count, "all") + bar(best, worst, "may") + bar(place, place, "is")
    return (
        f'<svg class="ranks" width="{STRIP}" height="5" viewBox="0 0 {STRIP} 5" '
        f'aria-hidden="true">{bars}</svg>'
    )
