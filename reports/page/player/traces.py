"""Values by frame of all rows, packed for the plot below the videos of a sequence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from harness.contracts import Results
from reports import layout
from reports.items import RowItems
from reports.page import families

#: Bytes of packed values on one page; what is beyond stays in the files of items.
BUDGET = 4 * 2**20

#: A value is so many digits of base 64, as a part of its line's range; a gap is as many dots.
DIGITS = 3
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
LEVELS = len(ALPHABET) ** DIGITS - 1

_CHARACTERS = np.frombuffer(ALPHABET.encode(), np.uint8)


def packed(values: np.ndarray, count: int) -> list[Any] | None:
    """A line of float [n] as [first frame, lowest, highest, text]; None without a value.

    A window belongs to its middle frame: of fewer items than the `count` frames the first is so
    many frames late as leaves as many at the end. What `scripts/traces.js` unpacks is within
    half of 1 / `LEVELS` of the line's range; an item that failed (NaN) is a gap.
    """
    finite = np.isfinite(values)
    if not finite.any():
        return None
    low, high = float(values[finite].min()), float(values[finite].max())
    parts = np.where(finite, values - low, 0) / ((high - low) or 1.0)
    levels = np.rint(parts * LEVELS).astype(np.int64)
    powers = len(ALPHABET) ** np.arange(DIGITS)[::-1]
    text = _CHARACTERS[levels[:, None] // powers % len(ALPHABET)]
    text[~finite] = ord(".")
    first = max(count - len(values), 0) // 2
    return [first, float(f"{low:.9g}"), float(f"{high:.9g}"), text.tobytes().decode("ascii")]


def columns(results: Results, sides: Mapping[int, RowItems]) -> list[str]:
    """Columns with values by frame, those first that the leaderboard first shows.

    Columns of speed are left out: the frames that are timed are not those of the video.
    """
    known = {name for items in sides.values() for name in items.runs}
    names = [
        name
        for name in layout.column_names(results)
        if name in known and not results.columns[name].get("needs_timing")
    ]
    first = families.firsts(results, names)
    return [*first, *(name for name in names if name not in first)]


def frames_of(sides: Mapping[int, RowItems], names: Sequence[str], sequence: str) -> int:
    """The most items that any column has in a sequence: no metric has more than one a frame."""
    found = (items.column(name).get(sequence) for items in sides.values() for name in names)
    return max((len(values) for values in found if values is not None), default=0)


class Traces:
    """Packs the values of one sequence after the other, until the page is full.

    Args:
        results: of the run.
        sides: row index -> its items.
        budget: bytes of all packed values.

    """

    def __init__(
        self, results: Results, sides: Mapping[int, RowItems], budget: int = BUDGET
    ) -> None:
        self.sides, self.left = sides, budget
        self.names = columns(results, sides)
        self._results = results

    def of(self, sequence: str, frames: int) -> tuple[list[dict[str, Any]], list[str]]:
        """What the plot of a sequence of so many frames holds.

        Returns:
            ({name, unit, digits, rows} of each column, `rows` a packed line or None of every row
            of the results; names of columns that did not fit).

        """
        found, dropped = [], []
        for name in self.names:
            lines: list[list[Any] | None] = []
            for index in range(len(self._results.rows)):
                items = self.sides.get(index)
                values = None if items is None else items.column(name).get(sequence)
                lines.append(None if values is None else packed(values[:frames], frames))
            if not any(lines):
                continue
            size = sum(len(line[3]) + 48 for line in lines if line)
            if size > self.left:
                dropped.append(name)
                continue
            self.left -= size
            digits = layout.column_precision(self._results, name)
            found.append(
                {
                    "name": layout.head(self._results, name),
                    "unit": self._results.columns[name]["unit"],
                    "digits": None if digits.exponent else digits.digits,
                    "rows": lines,
                }
            )
        return found, dropped
