"""The rank of every row with its confidence set, and the row that the others are compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from harness.contracts import BadInput, Results
from reports import layout
from reports.comparison.changes import Change, changes_of, corrected, has_spread, scope, sign
from reports.comparison.rows import Side, side
from reports.statistics import rank_sets
from reports.statistics.bootstrap import RESAMPLES

#: Draws for ranks, where every pair of rows is compared; the table of one reference has more.
RANK_RESAMPLES = 2_000

Rank = tuple[int, int, int]


@dataclass(frozen=True)
class Ranking:
    """Statistics of one table.

    ranks: column -> row index -> (rank, best and worst of its confidence set), of rows that could
        be tested against another.
    reference: index of the row that the others are compared with, or None.
    changes: row index -> column -> change from the reference, Holm-corrected over all of them.
    sides: rows whose items could be read.
    problem: why there is nothing, or why a row is left out.
    """

    ranks: Mapping[str, Mapping[int, Rank]] = field(default_factory=dict)
    reference: int | None = None
    changes: Mapping[int, Mapping[str, Change]] = field(default_factory=dict)
    sides: Mapping[int, Side] = field(default_factory=dict)
    scope: str = ""
    problem: str = ""


def ranking(results: Results, folder: Path) -> Ranking:
    """Ranks, and all rows but oracles against the best."""
    sides: dict[int, Side] = {}
    problem = ""
    for index, row in enumerate(results.rows):
        try:
            if row.items:
                sides[index] = side(folder, results, row)
        except BadInput as error:
            problem = str(error)
    if not any(one.items.runs for one in sides.values()):
        return Ranking(problem=problem or "No per-item values are stored beside these results.")
    places = {name: column_ranks(results, sides, name) for name in layout.column_names(results)}
    reference = best_row(results, places)
    ranks = {name: tested for name, (_, tested) in places.items() if tested}
    if reference is None:
        return Ranking(ranks, sides=sides, problem=problem)
    others = [i for i in sides if i != reference and results.rows[i].role != "oracle"]
    changes = against(sides, reference, others)
    flat = [change for found in changes.values() for change in found.values()]
    return Ranking(ranks, reference, changes, sides, scope(flat), problem)


def column_ranks(
    results: Results, sides: Mapping[int, Side], name: str
) -> tuple[dict[int, int], dict[int, Rank]]:
    """Ranks of the rows that compete in a column; none without a direction or items.

    Returns:
        (rank by the values alone, rank with what is possible of the rows that were tested).

    """
    direction = results.columns[name]["direction"]
    rows = [
        index
        for index, one in sides.items()
        if layout.competes(one.row)
        and (score := one.row.scores.get(name)) is not None
        and score.value is not None
        and (one.weights(name) is not None or has_spread(score))
    ]
    if direction == "none" or len(rows) < 2:
        return {}, {}
    gains, p = np.full((2, len(rows), len(rows)), np.nan)
    for i, first in enumerate(rows):
        for j, second in enumerate(rows[:i]):
            for change in alike(sides[second], sides[first], [name], RANK_RESAMPLES):
                if (difference := change.difference) is None:
                    continue
                gains[i, j] = sign(direction) * difference.value
                gains[j, i] = -gains[i, j]
                if difference.p is not None:
                    p[i, j] = p[j, i] = difference.p
    found = {row: one for row, one in zip(rows, rank_sets(gains, p), strict=True) if one}
    # The confidence set of a row that was never tested holds every rank: no information.
    tested = dict(zip(rows, np.isfinite(p).any(axis=1), strict=True))
    return (
        {row: one[0] for row, one in found.items()},
        {row: one for row, one in found.items() if tested[row]},
    )


def alike(a: Side, b: Side, names: Sequence[str] = (), resamples: int = RESAMPLES) -> list[Change]:
    """The changes of columns; none where the items of the rows do not belong together."""
    try:
        return changes_of(a, b, names, resamples)
    except BadInput:
        return []


def best_row(
    results: Results, places: Mapping[str, tuple[Mapping[int, int], object]]
) -> int | None:
    """The method with the best mean rank by values; a baseline only where no method has one."""
    ranks: dict[int, list[int]] = {}
    for found, _ in places.values():
        for index, rank in found.items():
            ranks.setdefault(index, []).append(rank)
    order = sorted(
        ranks,
        key=lambda i: (results.rows[i].role != "method", float(np.mean(ranks[i])), i),
    )
    return order[0] if order else None


def against(
    sides: Mapping[int, Side], reference: int, others: Sequence[int]
) -> dict[int, dict[str, Change]]:
    """All columns of the other rows minus the reference, corrected together."""
    found = {
        (index, change.column): replace(change, row=sides[index].label)
        for index in others
        for change in alike(sides[reference], sides[index])
    }
    table: dict[int, dict[str, Change]] = {index: {} for index in others}
    for (index, column), change in zip(found, corrected(list(found.values())), strict=True):
        table[index][column] = change
    return table


def rank_text(rank: Rank) -> str:
    """`rank 1`, or `rank 1 to 3` where tests leave that open."""
    _, best, worst = rank
    return f"rank {best}" if best == worst else f"rank {best} to {worst}"
