"""Two rows, item by item: what changed, how surely, and where it got better and worse."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.contracts import Score
from reports import layout, scopes
from reports.comparison.extremes import NAMED, Extreme, extremes
from reports.comparison.rows import Side
from reports.statistics import Estimate, Pairs, Pooled, estimate, estimate_pooled, holm, paired
from reports.statistics.bootstrap import RESAMPLES
from reports.statistics.correction import LEVEL
from reports.statistics.pooled import MIN_SEEDS, MIN_SEQUENCES, MIN_SUBJECTS


@dataclass(frozen=True)
class Change:
    """One column of a comparison; differences are B - A.

    difference: of the paired items, or of values that are not means of items where their spread
        is stored; None where nothing is known but two values (`reason`).
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
    worse: tuple[Extreme, ...] = ()
    better: tuple[Extreme, ...] = ()
    row: str = ""

    @property
    def delta(self) -> float | None:
        """B - A: of the pairs if there are pairs, else of the values."""
        if self.difference is not None:
            return self.difference.value
        return None if self.a is None or self.b is None else self.b - self.a

    @property
    def interval(self) -> tuple[float, float] | None:
        """95% interval of the difference, where it is known and finite."""
        one = self.difference
        if one is None or one.low is None or one.high is None:
            return None
        return (one.low, one.high) if math.isfinite(one.low) and math.isfinite(one.high) else None

    @property
    def raw_p(self) -> float | None:
        """The p-value before correction."""
        return self.difference.p if self.difference else None

    @property
    def verdict(self) -> str:
        """What may be claimed of B against A.

        "better" and "worse" hold after correction, "maybe better" and "maybe worse" only before
        it; "changed" is for a column without direction; further "unclear", "equal", "untested".
        """
        if self.difference is not None and self.difference.value == 0 and not self.difference.error:
            return "equal"
        if self.p is None or self.raw_p is None or self.delta is None:
            return "equal" if self.delta == 0 else "untested"
        if self.raw_p > LEVEL:
            return "unclear"
        if self.direction == "none":
            return "changed"
        word = "better" if self.delta * sign(self.direction) > 0 else "worse"
        return word if self.p <= LEVEL else f"maybe {word}"


def sign(direction: str) -> int:
    """+1 where more is better, -1 where less is."""
    return -1 if direction == "down" else 1


def compare(pairs: Sequence[tuple[Side, Side]], columns: Sequence[str] = ()) -> list[Change]:
    """All columns (or the named ones) of pairs of rows A and B, Holm-corrected together."""
    return corrected(
        [
            replace(change, row=a.label if a.label == b.label else f"{a.label} -> {b.label}")
            for a, b in pairs
            for change in changes_of(a, b, columns, named=NAMED)
        ]
    )


def corrected(changes: Sequence[Change]) -> list[Change]:
    """Holm over all that have a direction and a test; the others are described, uncorrected."""
    raw = [change.raw_p if change.direction != "none" else None for change in changes]
    return [
        replace(change, p=p if change.direction != "none" else change.raw_p)
        for change, p in zip(changes, holm(raw), strict=True)
    ]


def changes_of(
    a: Side, b: Side, columns: Sequence[str] = (), resamples: int = RESAMPLES, named: int = 0
) -> list[Change]:
    """All columns, or the named ones, that both rows have a score of, without correction.

    `resamples` are bootstrap draws, `named` the items to name on either end.

    Raises:
        BadInput: a sequence has not the same number of items on both sides.

    """
    both = [n for n in layout.column_names(a.results) if n in a.row.scores and n in b.row.scores]
    names = [n for n in both if n in columns or not columns]
    return [column_change(a, b, name, resamples, named) for name in names]


def column_change(
    a: Side, b: Side, name: str, resamples: int = RESAMPLES, named: int = 0
) -> Change:
    """One column: B - A."""
    facts = a.results.columns[name]
    direction = facts["direction"]
    left, right = a.row.scores[name], b.row.scores[name]
    change = Change(name, direction, left.value, right.value)
    for label, score in (("A", left), ("B", right)):
        if score.value is None:
            text = "failed" if score.status == "failed" else f"is {score.status}"
            return replace(change, reason=f"{label} {text}")
    kinds = a.weights(name), b.weights(name)
    if None in kinds:
        difference = pooled(right) - pooled(left)
        found = estimate_pooled(difference, {**b.subjects, **a.subjects})
        if found.low is None:
            return replace(change, reason=why_not(left, right, bool(facts.get("needs_timing"))))
        return replace(change, difference=found)
    known = {**b.results.sequences, **a.results.sequences}
    about = f"{a.folder} and {b.folder}, {name}"
    pairs = paired(a.items.column(name), b.items.column(name), known, about)
    if not pairs.n:
        return replace(change, reason="no item was scored on both sides")
    # With one sequence, or equal lengths, both weightings are the same.
    weights = "items" if "items" in kinds else "sequences"
    block = max(1, round(a.row.protocol["fps"]))
    found = estimate(pairs.series, block, weights=weights, resamples=resamples)
    reason = "too few items for an interval" if found.low is None else ""
    worse, better = extremes(a.items, b.items, name, pairs, sign(direction), block, named)
    return replace(change, difference=found, reason=reason, pairs=pairs, worse=worse, better=better)


def has_spread(score: Score) -> bool:
    """Whether anything is stored that shows how sure a value is that is not a mean of items."""
    return bool(score.without) or len(score.by_seed) >= MIN_SEEDS


def pooled(score: Score) -> Pooled:
    """What is stored of a value."""
    level = score.level if score.without else ""
    return Pooled(score.value or 0.0, score.without, level, score.by_seed, score.n)


def why_not(a: Score, b: Score, timing: bool) -> str:
    """Why a difference of two values that are not means of items has no interval."""
    if timing:
        return "speed depends on machine load, not on sequences: no interval"
    text = "its value is not a mean of items, and "
    if has_spread(a) and has_spread(b):
        return text + "nothing varies or can be paired: no interval"
    return text + (
        f"the rows have fewer than {MIN_SUBJECTS} subjects, {MIN_SEQUENCES} sequences and "
        f"{MIN_SEEDS} training runs: no interval"
    )


def scope(changes: Sequence[Change]) -> str:
    """What the intervals generalise to: of most columns first, then by name of all others."""
    found = [
        (change, scopes.phrase(one.level, one.subjects, one.sequences, one.clusters))
        for change in changes
        if (one := change.difference)
    ]
    kinds = Counter(column for column, _ in {(change.column, text) for change, text in found})
    names = [
        (c.column if kinds[c.column] == 1 else f"{c.column} of {c.row}", text) for c, text in found
    ]
    return " ".join(scopes.sentences(names)) or "No column has paired items."
