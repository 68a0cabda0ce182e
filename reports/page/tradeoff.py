"""Quality against speed: one picture a column, with the intervals of both."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from harness.contracts import Results, Row, Score
from reports import layout
from reports.page import curves, families, labels

#: Size of the picture and of its margins, in pixels.
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 560, 330, 62, 14, 12, 40

#: More marks than this on one page, and only one column of each family is drawn.
MARKS = 900


@dataclass(frozen=True)
class Axis:
    """A scale of one side of the picture, in pixels from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """Pixels of a value."""
        low, high, value = (math.log(v) if self.log else v for v in (self.low, self.high, value))
        return round(self.start + (self.end - self.start) * (value - low) / (high - low), 1)

    def ticks(self) -> list[tuple[float, str]]:
        """Round values between both ends: (pixels, text)."""
        values = curves.ticks(self.low, self.high) if self.log else steps(self.low, self.high)
        return [(self.at(value), f"{value:.6g}") for value in values]


def steps(low: float, high: float) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten, four to eight of them."""
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    size = next(power * m for m in (1, 2, 5, 10) if power * m >= rough * 0.999)
    first, last = math.ceil(low / size), math.floor(high / size)
    return [round(index * size, 12) for index in range(first, last + 1)]


def axis(values: Iterable[float], start: float, end: float, log: bool = False) -> Axis:
    """An axis that holds all values with some room at both ends."""
    low, high = min(known := list(values)), max(known)
    if log:
        room = (high / low) ** 0.08
        return Axis(low / room, high * room, start, end, True)
    room = 0.08 * (high - low) or 0.05 * abs(high) or 1.0
    return Axis(low - room, high + room, start, end)


def ends(score: Score) -> tuple[float, ...]:
    """A value with its interval, where there is one."""
    return tuple(v for v in (score.value, score.low, score.high) if v is not None)


def speed_column(results: Results) -> str | None:
    """The column of frames per second: the first that is timed, and better when higher."""
    for name in layout.column_names(results):
        facts = results.columns[name]
        if facts.get("needs_timing") and facts["direction"] == "up":
            return name if families.valued(results, name) else None
    return None


def tradeoff(results: Results) -> dict[str, Any] | None:
    """What the template shows; None where no row has a speed."""
    speed = speed_column(results)
    if speed is None:
        return None
    timed = [
        (row, score)
        for row in results.rows
        if (score := row.scores.get(speed)) and score.value is not None and score.value > 0
    ]
    names = [
        name
        for name in layout.column_names(results)
        if results.columns[name]["direction"] != "none"
        and not results.columns[name].get("needs_timing")
        and any((s := row.scores.get(name)) and s.value is not None for row, _ in timed)
    ]
    if len(names) * len(timed) > MARKS:
        names = families.firsts(results, names)
    if not names:
        return None
    first = families.firsts(results, names)
    return {
        "speed": layout.head(results, speed),
        "unit": results.columns[speed]["unit"],
        "pictures": [picture(results, name, timed) for name in names],
        "first": names.index(first[0]) if first else 0,
        "kinds": list(dict.fromkeys(kind(row) for row, _ in timed)),
    }


def kind(row: Row) -> str:
    """How a row is drawn: `competes`, `baseline` or `apart`."""
    if not layout.competes(row):
        return "apart"
    return "baseline" if row.role == "baseline" else "competes"


def picture(results: Results, name: str, timed: Sequence[tuple[Row, Score]]) -> dict[str, Any]:
    """One column against speed; better is up, faster is right.

    Returns:
        {name, unit, width, height, box, x, y, marks, others}: ticks as (pixels, text); of a mark
        its place, intervals, kind and label, which is a number where there is no room for it;
        `others` are the rows behind the numbers.

    """
    found = [
        (row, fast, score)
        for row, fast in timed
        if (score := row.scores.get(name)) and score.value is not None
    ]
    fastest = [v for _, fast, _ in found for v in ends(fast) if v > 0]
    log = max(fastest) / min(fastest) > 10
    x = axis(fastest, LEFT, WIDTH - RIGHT, log)
    sides = (HEIGHT - BOTTOM, TOP)
    bottom, top = sides[::-1] if results.columns[name]["direction"] == "down" else sides
    y = axis((v for *_, score in found for v in ends(score)), bottom, top)
    marks = [mark(row, fast, score, x, y) for row, fast, score in found]
    box = (LEFT, TOP, WIDTH - RIGHT, HEIGHT - BOTTOM)
    numbered = labels.place(marks, box)
    return {
        "name": layout.head(results, name),
        "unit": results.columns[name]["unit"],
        "width": WIDTH,
        "height": HEIGHT,
        "box": box,
        "x": x.ticks(),
        "y": y.ticks(),
        "marks": marks,
        "others": numbered,
    }


def mark(row: Row, fast: Score, score: Score, x: Axis, y: Axis) -> dict[str, Any]:
    """A row's place, its intervals in pixels (None where one is not known), and its name."""
    assert fast.value is not None
    assert score.value is not None
    across = down = None
    if fast.low is not None and fast.high is not None and fast.low > 0:
        across = (x.at(fast.low), x.at(fast.high))
    if score.low is not None and score.high is not None:
        down = (y.at(score.low), y.at(score.high))
    return {
        "x": x.at(fast.value),
        "y": y.at(score.value),
        "across": across,
        "down": down,
        "kind": kind(row),
        "label": layout.row_label(row),
    }
