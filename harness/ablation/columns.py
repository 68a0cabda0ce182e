"""Which columns an ablation shows, and by which of them the paper's values stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.contracts import Results
from reports import layout


def shown(results: Results, wanted: list[str]) -> list[str]:
    """Columns that some row could score: those that the grid names, or all without names.

    A name without a variant stands for the column of that very name, or for all variants where
    there is no such column.
    """
    return [
        name
        for name in asked(results, wanted)
        if any((s := row.scores.get(name)) and s.status == "ok" for row in results.rows)
    ]


def asked(results: Results, wanted: list[str]) -> list[str]:
    """Columns that the grid names, scored or not."""
    known = layout.column_names(results)

    def fits(name: str) -> bool:
        family = name.split("/")[0]
        return not wanted or name in wanted or (family in wanted and family not in known)

    return [name for name in known if fits(name)]


def restricted(results: Results, wanted: list[str]) -> Results:
    """The same results with the columns alone that the grid names."""
    names = asked(results, wanted)
    kept = [
        replace(row, scores={n: score for n, score in row.scores.items() if n in names})
        for row in results.rows
    ]
    return replace(results, rows=tuple(kept))


def printed(names: list[str], values: Mapping[str, float]) -> dict[str, float]:
    """The paper's values by shown column: of that very name, else the family's first.

    A paper prints one PSNR, of the whole frame: it says nothing of the other variants.
    """
    found = {}
    for name, value in values.items():
        family = [column for column in names if column.split("/")[0] == name]
        if name in names or family:
            found[name if name in names else family[0]] = value
    return found
