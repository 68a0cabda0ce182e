"""How many digits a column shows: as the field prints it, more where values are small."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: Digits after the point, by the family of the column.
DIGITS = {"psnr": 2, "ssim": 4, "ms_ssim": 4, "lpips": 4, "fps": 1, "latency_ms": 1}
USUAL = 3

#: Significant digits of a small value.
SIGNIFICANT = 3

#: More digits than this after the point, or a larger value, are written with an exponent.
MOST_DIGITS, LARGE = 6, 1e9

#: Values below this share of the largest one are rounding errors, and ask for no digits.
NOTHING = 1e-6


@dataclass(frozen=True, order=True)
class Precision:
    """How all cells of a column are written: in order of how much they show."""

    exponent: bool
    digits: int  # after the point

    def text(self, value: float) -> str:
        """A value; never -0.00."""
        if self.exponent:
            return f"{value:.{self.digits}e}" if value else "0"
        text = f"{value:.{self.digits}f}"
        return text.lstrip("-") if float(text) == 0 else text

    def signed(self, value: float) -> str:
        """A difference: with its sign, 0 without."""
        text = self.text(value)
        return f"+{text}" if value > 0 and float(text) != 0 else text

    def apart(self, first: float, second: float) -> Precision:
        """The same with so many digits more that two values look different; at most three."""
        for more in range(4):
            finer = Precision(self.exponent, self.digits + more)
            if finer.text(first) != finer.text(second):
                return finer
        return self


def precision(name: str, values: Iterable[float | None]) -> Precision:
    """The digits of a column, by its name and all shown values; the smallest has two at least."""
    usual = DIGITS.get(name.split("/")[0], USUAL)
    known = [abs(value) for value in values if value is not None and math.isfinite(value)]
    largest = max(known, default=0.0)
    smallest = min((v for v in known if v > NOTHING * largest), default=largest)
    if largest >= LARGE:
        return Precision(True, SIGNIFICANT - 1)
    if not smallest or smallest >= 10.0 ** (1 - usual):
        return Precision(False, usual)
    needed = SIGNIFICANT - 1 - math.floor(math.log10(smallest))
    return Precision(False, needed) if needed <= MOST_DIGITS else Precision(True, SIGNIFICANT - 1)


def of_changes(
    name: str, sides: Sequence[float | None], changes: Iterable[tuple[float | None, ...]]
) -> Precision:
    """The digits of differences: those of the values, more where all of one would be 0.

    `sides` are the values on either side, `changes` (difference, low, high) of each change.
    """
    base = precision(name, sides)
    scale = max((abs(value) for value in sides if value is not None), default=0.0)
    sizes = [max((abs(v) for v in one if v is not None), default=0.0) for one in changes]
    small = [size for size in sizes if 1e-9 * scale < size < 10.0**-base.digits]
    return max(base, precision(name, small)) if small and not base.exponent else base
