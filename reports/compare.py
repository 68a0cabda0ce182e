"""Two rows, item by item: what changed, how surely, and where it got better and worse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from harness.contracts import BadInput, Results, Row
from reports import items, layout, stored
from reports.statistics import Estimate, Pairs, estimate, holm, paired
from reports.statistics.bootstrap import RESAMPLES

#: Items that are named on either end.
NAMED = 3

LEVEL = 0.05


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


@dataclass(frozen=True)
class Moment:
    """One item: where, both values, and how much better B is (below 0: worse)."""

    recording: str
    item: int
    a: float
    b: float
    gain: float
    unit: str = "frame"  # or "window"


@dataclass(frozen=True)
class Change:
    """One column of a comparison; differences are B - A.

    difference: of the paired items, None where the value is not a mean of items (`reason`).
    p: Holm-corrected over the table; None where nothing was tested.
    """

    column: str
    direction: str
    a: float | None
    b: float | None
    difference: Estimate | None = None
    p: float | None = None
    reason: str = ""
    pairs: Pairs | None = None
    worse: tuple[Moment, ...] = ()
    better: tuple[Moment, ...] = ()
    row: str = ""

    @property
    def delta(self) -> float | None:
        """B - A: of the pairs where there are pairs, else of the values."""
        if self.difference is not None:
            return self.difference.value
        return None if self.a is None or self.b is None else self.b - self.a

    @property
    def verdict(self) -> str:
        """What may be said of B against A.

        "better" and "worse" hold after correction, "maybe better" and "maybe worse" only before
        it; "changed" is for a column without direction; further "unclear", "equal", "untested".
        """
        if self.difference is not None and self.difference.value == 0 and not self.difference.error:
            return "equal"
        if self.p is None or self.difference is None or self.difference.p is None:
            return "equal" if self.delta == 0 else "untested"
        if self.difference.p > LEVEL:
            return "unclear"
        if self.direction == "none":
            return "changed"
        word = "better" if self.difference.value * sign(self.direction) > 0 else "worse"
        return word if self.p <= LEVEL else f"maybe {word}"


def sign(direction: str) -> int:
    """+1 where more is better, -1 where less is."""
    return -1 if direction == "down" else 1


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


def compare(
    pairs: Sequence[tuple[Side, Side]],
    *,
    columns: Sequence[str] = (),
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> list[Change]:
    """All columns of all pairs of rows, Holm-corrected together over those with a direction.

    Args:
        pairs: rows A with rows B.
        columns: the only ones to look at; all without.
        resamples: bootstrap draws.
        seed: of the draws.

    """
    changes = [
        replace(change, row=a.label if a.label == b.label else f"{a.label} -> {b.label}")
        for a, b in pairs
        for change in changes_of(a, b, columns=columns, resamples=resamples, seed=seed)
    ]
    return corrected(changes)


def corrected(changes: Sequence[Change]) -> list[Change]:
    """Holm over all that have a direction and a test; the others keep what they have."""
    raw = [c.difference.p if c.difference and c.direction != "none" else None for c in changes]
    return [
        replace(change, p=p if change.direction != "none" else raw_p(change))
        for change, p in zip(changes, holm(raw), strict=True)
    ]


def raw_p(change: Change) -> float | None:
    """The uncorrected p-value of a column without direction: description, no claim."""
    return change.difference.p if change.difference else None


def changes_of(
    a: Side,
    b: Side,
    *,
    columns: Sequence[str] = (),
    resamples: int = RESAMPLES,
    seed: int = 0,
    named: int = NAMED,
) -> list[Change]:
    """All columns that both rows have a score of, without correction."""
    both = [n for n in layout.column_names(a.results) if n in a.row.scores and n in b.row.scores]
    names = [n for n in both if n in columns or not columns]
    return [column_change(a, b, name, resamples, seed, named) for name in names]


def column_change(a: Side, b: Side, name: str, resamples: int, seed: int, named: int) -> Change:
    """One column: B - A."""
    direction = a.results.columns[name]["direction"]
    left, right = a.row.scores[name], b.row.scores[name]
    change = Change(name, direction, left.value, right.value)
    for label, score in (("A", left), ("B", right)):
        if score.value is None:
            text = {"unavailable": "is unavailable"}.get(score.status, "failed")
            return replace(change, reason=f"{label} {text}")
    kinds = a.items.weights(name, left), b.items.weights(name, right)
    if None in kinds:
        return replace(change, reason="its value is not a mean of items: no paired interval")
    subject = f"{a.folder} and {b.folder}, {name}"
    known = {**b.results.recordings, **a.results.recordings}
    turned = paired(b.items.column(name), a.items.column(name), known, subject)
    pairs = Pairs(
        turned.series,
        turned.n,
        failed_a=turned.failed_b,
        failed_b=turned.failed_a,
        only_a=turned.only_b,
        only_b=turned.only_a,
    )
    if not pairs.n:
        return replace(change, reason="no item was scored on both sides")
    # With one recording, or equal lengths, both weightings are the same.
    weights = "items" if "items" in kinds else "recordings"
    block = max(1, round(a.row.protocol["fps"]))
    found = estimate(pairs.series, block, weights=weights, resamples=resamples, seed=seed)
    reason = "too few items for an interval" if found.low is None else ""
    worse, better = extremes(a, b, name, pairs, sign(direction), block, named)
    return replace(change, difference=found, reason=reason, pairs=pairs, worse=worse, better=better)


def extremes(
    a: Side, b: Side, name: str, pairs: Pairs, up: int, block: int, named: int
) -> tuple[tuple[Moment, ...], tuple[Moment, ...]]:
    """The items that lost and won most, at least a block apart from each other."""
    if not named:
        return (), ()
    left, right = a.items.column(name), b.items.column(name)
    gains = up * np.concatenate([one.values for one in pairs.series])
    owners = np.repeat(np.arange(len(pairs.series)), [len(one.values) for one in pairs.series])
    places = np.concatenate([np.arange(len(one.values)) for one in pairs.series])
    order = np.argsort(gains, kind="stable")
    order = order[np.isfinite(gains[order])]

    def chosen(ordered: np.ndarray) -> tuple[Moment, ...]:
        kept: list[Moment] = []
        for index in ordered:
            if len(kept) == named:
                break
            recording, item = pairs.series[owners[index]].recording, int(places[index])
            if all(m.recording != recording or abs(m.item - item) >= block for m in kept):
                values = float(left[recording][item]), float(right[recording][item])
                unit = "frame" if len(left[recording]) == a.items.frames(recording) else "window"
                kept.append(Moment(recording, item, *values, float(gains[index]), unit))
        return tuple(kept)

    return chosen(order[gains[order] < 0]), chosen(order[gains[order] > 0][::-1])


def scope(changes: Sequence[Change], recordings: Mapping[str, Mapping[str, object]]) -> str:
    """What the intervals speak about, in a sentence."""
    estimates = [c.difference for c in changes if c.difference is not None]
    if not estimates:
        return "No column has paired items."
    one = max(estimates, key=lambda e: e.clusters)
    unknown = not any(facts.get("subject") for facts in recordings.values())
    sentences = {
        "persons": f"Intervals hold over persons ({one.persons}, {one.recordings} recordings)."
        + (" With fewer than 6 persons they lean on normality." if one.persons < 6 else ""),
        "recordings": f"Intervals hold within this person, over {one.recordings} recordings: "
        "nothing is claimed for other people."
        + (" (No recording names its person.)" if unknown else ""),
        "blocks": "Intervals hold within this recording, over blocks of its items: nothing is "
        "claimed for other recordings or people.",
        "none": "Too few items for any interval.",
    }
    return sentences[one.level]
