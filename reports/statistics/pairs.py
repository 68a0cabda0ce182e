"""Differences of two rows, item by item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from harness.contracts import BadInput
from reports.statistics.clusters import Series, subject_of


@dataclass(frozen=True)
class Pairs:
    """Differences B - A of the items of one column.

    series: one for each sequence that both have, float64 [n]; NaN where either side failed.
    n: items with a difference.
    only_a, only_b: sequences that only one side has.
    """

    series: tuple[Series, ...]
    n: int
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]


def paired(
    a: Mapping[str, np.ndarray],
    b: Mapping[str, np.ndarray],
    sequences: Mapping[str, Mapping[str, object]],
    about: object = "items",
) -> Pairs:
    """Pair the items of two rows: the same sequence, the same frame or window.

    Both have per sequence its items in time order, float [n], NaN where an item failed.
    `sequences` is `Results.sequences`, for the subjects; an error names `about`.

    Raises:
        BadInput: a sequence has not the same number of items on both sides.

    """
    series = []
    for name in (name for name in b if name in a):
        left, right = np.asarray(a[name], np.float64), np.asarray(b[name], np.float64)
        if left.shape != right.shape:
            fact = f"{name} has {len(left)} items in A and {len(right)} in B"
            raise BadInput(about, fact, "Score both with the same test frames.")
        with np.errstate(invalid="ignore"):
            difference = right - left
        difference[~np.isfinite(difference)] = np.nan
        series.append(Series(name, difference, subject_of(name, sequences)))
    return Pairs(
        tuple(series),
        sum(len(one.finite) for one in series),
        tuple(name for name in a if name not in b),
        tuple(name for name in b if name not in a),
    )
