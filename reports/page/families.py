"""Columns by family, for a table that first shows one column of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.contracts import Results
from reports import layout


def family_of(results: Results, name: str) -> str:
    """The metric of a column without its variant: `sync` for `sync_c/synthetic`."""
    return layout.family(str(results.columns[name].get("metric", name)))


def valued(results: Results, name: str) -> int:
    """Rows that have a value in a column."""
    scores = (row.scores.get(name) for row in results.rows)
    return sum(score is not None and score.value is not None for score in scores)


def grouped(results: Results, names: Sequence[str]) -> dict[str, list[str]]:
    """Family -> its columns, both in the given order."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(family_of(results, name), []).append(name)
    return found


def first_of(results: Results, names: Sequence[str]) -> str | None:
    """The column that stands for a family: of those with a direction the first with most values.

    A family without such a column is represented by any other with a value; None without one.
    """
    counts = {name: valued(results, name) for name in names}
    directed = [n for n in names if counts[n] and results.columns[n]["direction"] != "none"]
    return max(directed or [n for n in names if counts[n]], key=counts.__getitem__, default=None)


def firsts(results: Results, names: Sequence[str]) -> list[str]:
    """One column of each family that has values, in the given order."""
    found = {first_of(results, group) for group in grouped(results, names).values()}
    return [name for name in names if name in found]


def chooser(results: Results, names: Sequence[str]) -> list[dict[str, Any]]:
    """The families with their columns, as the chooser of a table shows them.

    Returns:
        {name, columns} of each family; of a column {name, variant, first, empty}: `first` marks
        the one that is shown at first, `empty` a column without a value in any row.

    """
    chosen = set(firsts(results, names))
    return [
        {
            "name": family,
            "columns": [
                {
                    "name": name,
                    "variant": name.removeprefix(f"{family}/"),
                    "first": name in chosen,
                    "empty": not valued(results, name),
                }
                for name in group
            ],
        }
        for family, group in grouped(results, names).items()
    ]
