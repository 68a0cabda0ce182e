"""Rows that are to be compared: which ones a user names, and which belong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.contracts import BadInput, Results, Row
from reports import items, layout, stored


@dataclass(frozen=True)
class Side:
    """One row with its folder and items."""

    folder: Path
    results: Results
    row: Row
    items: items.RowItems

    @property
    def label(self) -> str:
        """The row as tables call it."""
        return layout.row_label(self.row)


def open_sides(text: str) -> list[Side]:
    """The rows that `FOLDER` or `FOLDER::ROW` names; oracles only by name.

    Raises:
        BadInput: no such folder or row, or several folders or rows fit.

    """
    place, named, wanted = text.partition("::")
    folders = stored.run_folders(Path(place))
    if len(folders) > 1:
        names = ", ".join(folder.name for folder in folders)
        raise BadInput(place, f"holds {len(folders)} runs ({names})", "Name one of them.")
    results = stored.read(folders[0])
    rows = [row for row in results.rows if row.role != "oracle"]
    if named:
        rows = [r for r in results.rows if wanted in (layout.row_label(r), f"{r.method}:{r.drive}")]
        rows = rows or [row for row in results.rows if row.method == wanted]
        if len(rows) != 1:
            known = ", ".join(repr(layout.row_label(row)) for row in results.rows)
            raise BadInput(
                place, f"{len(rows)} rows are called {wanted!r}", f"Its rows are: {known}."
            )
    return [side(folders[0], results, row) for row in rows]


def side(folder: Path, results: Results, row: Row) -> Side:
    """A row of read results, ready for comparison."""
    return Side(folder, results, row, items.read(folder, row))


def match(a: Sequence[Side], b: Sequence[Side]) -> list[tuple[Side, Side]]:
    """Rows that both have, by method and drive; a single row on either side meets any other.

    Raises:
        BadInput: no row is on both sides.

    """
    if len(a) == 1 and len(b) == 1:
        return [(a[0], b[0])]
    others = {one.label: one for one in b}
    pairs = [(one, others[one.label]) for one in a if one.label in others]
    if not pairs:
        known = [", ".join(repr(one.label) for one in sides) for sides in (a, b)]
        raise BadInput(
            "A and B",
            f"have no row in common: A has {known[0]}, B has {known[1]}",
            "Name one row of each: A::ROW B::ROW.",
        )
    return pairs


def unmatched(
    a: Sequence[Side], b: Sequence[Side], pairs: Sequence[tuple[Side, Side]]
) -> list[str]:
    """Rows that stand on one side alone, in sentences."""
    found = []
    for label, sides, place in (("A", a, 0), ("B", b, 1)):
        met = {pair[place].label for pair in pairs}
        names = [one.label for one in sides if one.label not in met]
        if names:
            found.append(f"rows in {label} alone, so not compared: {', '.join(names)}")
    return found
