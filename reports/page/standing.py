"""Where every row stands: its rank with what the data leave open, and against the best row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from harness.contracts import BadInput, Results
from reports import items, layout
from reports.comparison import pooled
from reports.comparison.changes import Change, changes_of, corrected, scope, sign
from reports.comparison.rows import Side
from reports.statistics import rank_sets

#: Draws for ranks, where every pair of rows is compared; the table of one reference has more.
RANK_RESAMPLES = 2_000

Rank = tuple[int, int, int]


@dataclass(frozen=True)
class Standing:
    """Statistics of one table.

    ranks: column -> row index -> (rank, best possible, worst possible).
    reference: index of the row that the others are compared with, or None.
    changes: row index -> column -> change from the reference, Holm-corrected over all of them.
    sides: rows whose items could be read.
    problem: why there is nothing, where there is nothing.
    """

    ranks: Mapping[str, Mapping[int, Rank]] = field(default_factory=dict)
    reference: int | None = None
    changes: Mapping[int, Mapping[str, Change]] = field(default_factory=dict)
    sides: Mapping[int, Side] = field(default_factory=dict)
    scope: str = ""
    problem: str = ""


def standing(results: Results, folder: Path) -> Standing:
    """Ranks, and all rows but oracles against the best."""
    sides: dict[int, Side] = {}
    problem = ""
    for index, row in enumerate(results.rows):
        try:
            if row.items:
                sides[index] = Side(folder, results, row, items.read(folder, row))
        except BadInput as error:
            problem = str(error)
    if not any(side.items.runs for side in sides.values()):
        return Standing(problem=problem or "No per-item values are stored beside these results.")
    ranks = {}
    for name in layout.column_names(results):
        found = column_ranks(results, sides, name)
        if found:
            ranks[name] = found
    reference = best_row(results, ranks)
    if reference is None:
        return Standing(ranks, sides=sides, problem=problem)
    others = [i for i in sides if i != reference and results.rows[i].role != "oracle"]
    changes = against(sides, reference, others)
    flat = [change for found in changes.values() for change in found.values()]
    return Standing(ranks, reference, changes, sides, scope(flat, results.sequences), problem)


def column_ranks(results: Results, sides: Mapping[int, Side], name: str) -> dict[int, Rank]:
    """Ranks of the rows that compete in a column; none without a direction or intervals."""
    direction = results.columns[name]["direction"]
    rows = [
        index
        for index, side in sides.items()
        if layout.competes(side.row)
        and (score := side.row.scores.get(name)) is not None
        and score.value is not None
        and (side.items.weights(name, score) is not None or pooled.known(score))
    ]
    if direction == "none" or len(rows) < 2:
        return {}
    gains, p = np.full((len(rows), len(rows)), np.nan), np.full((len(rows), len(rows)), np.nan)
    for i, first in enumerate(rows):
        for j, second in enumerate(rows[:i]):
            change = one_change(sides[second], sides[first], name, RANK_RESAMPLES)
            if change is None or change.difference is None:
                continue
            gain = sign(direction) * change.difference.value
            gains[i, j], gains[j, i] = gain, -gain
            if change.difference.p is not None:
                p[i, j] = p[j, i] = change.difference.p
    found = rank_sets(gains, p)
    return {row: one for row, one in zip(rows, found, strict=True) if one is not None}


def one_change(a: Side, b: Side, name: str, resamples: int) -> Change | None:
    """The change of one column; None where the items of the rows do not belong together."""
    try:
        found = changes_of(a, b, columns=[name], resamples=resamples, named=0)
    except BadInput:
        return None
    return found[0] if found else None


def best_row(results: Results, ranks: Mapping[str, Mapping[int, Rank]]) -> int | None:
    """The method with the best mean rank; a baseline only where no method was ranked."""
    places: dict[int, list[int]] = {}
    for found in ranks.values():
        for index, (rank, _, _) in found.items():
            places.setdefault(index, []).append(rank)
    order = sorted(
        places,
        key=lambda i: (results.rows[i].role != "method", float(np.mean(places[i])), i),
    )
    return order[0] if order else None


def against(
    sides: Mapping[int, Side], reference: int, others: Sequence[int]
) -> dict[int, dict[str, Change]]:
    """All columns of the other rows minus the reference, corrected together."""
    found: list[tuple[int, Change]] = []
    for index in others:
        try:
            changes = changes_of(sides[reference], sides[index], named=0)
        except BadInput:
            continue  # its items are not those of the reference: nothing can be paired
        found += [(index, replace(change, row=sides[index].label)) for change in changes]
    table: dict[int, dict[str, Change]] = {index: {} for index in others}
    fixed = corrected([change for _, change in found])
    for (index, _), change in zip(found, fixed, strict=True):
        table[index][change.column] = change
    return table


def rank_text(rank: Rank) -> str:
    """`rank 1`, or `rank 1 to 3` where the data leave that open."""
    _, best, worst = rank
    return f"rank {best}" if best == worst else f"rank {best} to {worst}"
