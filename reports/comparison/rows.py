"""Rows that are to be compared: which ones a user names, and which belong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.contracts import BadInput, Results, Row
from reports import items, layout, stored
from reports.statistics import mean_of, subject_of


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

    @property
    def subjects(self) -> dict[str, str]:
        """Sequence -> subject, of the sequences of the row."""
        return {name: subject_of(name, self.results.sequences) for name in self.row.sequences}

    def weights(self, name: str) -> str | None:
        """How a column's value is the mean of its stored items, or None if it is not.

        Returns:
            "sequences": mean of the means of sequences; "items": mean of all items; None: another
            function of the data (a Fréchet distance, a pooled PSNR), in which no item has a part.

        """
        score, runs = self.row.scores.get(name), self.items.runs.get(name, {})
        if score is None or score.value is None:
            return None
        if not any(np.isfinite(values).any() for values in runs.values()):
            return None
        declared = self.results.columns[name].get("aggregation")
        if declared is None:  # before schema 4 the numbers have to show it
            return mean_of(runs, score.value)
        if declared != "mean of items":
            return None
        return "items" if score.details.get("mean_of") == "all items" else "sequences"


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
            fact = f"{len(rows)} rows are called {wanted!r}"
            raise BadInput(place, fact, f"Its rows are: {known}.")
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
        fact = f"have no row in common: A has {known[0]}, B has {known[1]}"
        raise BadInput("A and B", fact, "Name one row of each: A::ROW B::ROW.")
    return pairs


def unmatched(
    a: Sequence[Side], b: Sequence[Side], pairs: Sequence[tuple[Side, Side]]
) -> list[str]:
    """Rows that only one side has, in sentences."""
    found = []
    for label, sides, place in (("A", a, 0), ("B", b, 1)):
        met = {pair[place].label for pair in pairs}
        names = [one.label for one in sides if one.label not in met]
        if names:
            found.append(f"rows only in {label}, not compared: {', '.join(names)}")
    return found
