"""Which columns an ablation shows, and beside which of them the paper's values belong."""

from __future__ import annotations

from collections.abc import Mapping

from harness.contracts import Results, UnknownName
from reports import layout


def shown(results: Results, wanted: list[str]) -> list[str]:
    """Columns that some row could score: those that the grid names, or all without names."""
    return [
        name
        for name in asked(results, wanted)
        if any((s := row.scores.get(name)) and s.status == "ok" for row in results.rows)
    ]


def asked(results: Results, wanted: list[str]) -> list[str]:
    """Columns that the grid names, whole or by their family, scored or not."""
    known, found = layout.column_names(results), set()
    for name in wanted:
        try:
            found.update(layout.named(known, [name]))
        except UnknownName:
            continue  # a grid names columns that other splits have
    return [name for name in known if not wanted or name in found]


def restricted(results: Results, wanted: list[str]) -> Results:
    """The same results with the columns alone that the grid names."""
    return layout.choose(results, asked(results, wanted))


def printed(names: list[str], values: Mapping[str, float]) -> dict[str, float]:
    """The paper's values by shown column: of that very name, else the family's first.

    A paper prints one PSNR, of the whole frame: it is not that of the other variants.
    """
    found = {}
    for name, value in values.items():
        variants = [column for column in names if layout.family(column) == name]
        if name in names or variants:
            found[name if name in names else variants[0]] = value
    return found
