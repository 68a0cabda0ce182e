"""The items that a comparison names: where it got worse and better most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reports.items import RowItems
from reports.statistics import Pairs

#: Items that are named on either end.
NAMED = 3


@dataclass(frozen=True)
class Extreme:
    """One item: where, and both values."""

    sequence: str
    item: int
    a: float
    b: float
    unit: str  # "frame" or "window"


def extremes(
    a: RowItems, b: RowItems, name: str, pairs: Pairs, up: int, block: int, named: int
) -> tuple[tuple[Extreme, ...], tuple[Extreme, ...]]:
    """The items that lost and won most, at least a block apart from each other."""
    if not named:
        return (), ()
    left, right = a.column(name), b.column(name)
    gains = up * np.concatenate([one.values for one in pairs.series])
    owners = np.repeat(np.arange(len(pairs.series)), [len(one.values) for one in pairs.series])
    places = np.concatenate([np.arange(len(one.values)) for one in pairs.series])
    order = np.argsort(gains, kind="stable")
    order = order[np.isfinite(gains[order])]

    def chosen(ordered: np.ndarray) -> tuple[Extreme, ...]:
        kept: list[Extreme] = []
        for index in ordered:
            if len(kept) == named:
                break
            sequence, item = pairs.series[owners[index]].sequence, int(places[index])
            if all(m.sequence != sequence or abs(m.item - item) >= block for m in kept):
                values = float(left[sequence][item]), float(right[sequence][item])
                unit = "frame" if len(left[sequence]) == a.frames(sequence) else "window"
                kept.append(Extreme(sequence, item, *values, unit))
        return tuple(kept)

    return chosen(order[gains[order] < 0]), chosen(order[gains[order] > 0][::-1])
