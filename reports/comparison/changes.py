"""Two rows, item by item: what changed, how surely, and where it got better and worse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reports import layout
from reports.comparison import pooled
from reports.comparison.moments import NAMED, Moment, extremes
from reports.comparison.rows import Side
from reports.statistics import Estimate, Pairs, estimate, holm, paired
from reports.statistics.bootstrap import RESAMPLES

LEVEL = 0.05


@dataclass(frozen=True)
class Change:
    """One column of a comparison; differences are B - A.

    difference: of the paired items, or of values that are no means of items where their spread is
        stored; None where nothing is known but two values (`reason`).
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
    facts = a.results.columns[name]
    direction = facts["direction"]
    left, right = a.row.scores[name], b.row.scores[name]
    change = Change(name, direction, left.value, right.value)
    for label, score in (("A", left), ("B", right)):
        if score.value is None:
            text = {"unavailable": "is unavailable"}.get(score.status, "failed")
            return replace(change, reason=f"{label} {text}")
    kinds = a.items.weights(name, left), b.items.weights(name, right)
    known = {**b.results.sequences, **a.results.sequences}
    if None in kinds:
        subjects = pooled.subjects_of(a.row, known)
        found = pooled.difference(right, left, subjects)
        if found.low is None:
            return replace(change, reason=pooled.why_not(right, left, facts.get("metric", "")))
        return replace(change, difference=found)
    about = f"{a.folder} and {b.folder}, {name}"
    turned = paired(b.items.column(name), a.items.column(name), known, about)
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
    # With one sequence, or equal lengths, both weightings are the same.
    weights = "items" if "items" in kinds else "sequences"
    block = max(1, round(a.row.protocol["fps"]))
    found = estimate(pairs.series, block, weights=weights, resamples=resamples, seed=seed)
    reason = "too few items for an interval" if found.low is None else ""
    worse, better = extremes(a.items, b.items, name, pairs, sign(direction), block, named)
    return replace(change, difference=found, reason=reason, pairs=pairs, worse=worse, better=better)


def scope(changes: Sequence[Change], sequences: Mapping[str, Mapping[str, object]]) -> str:
    """What the intervals speak about: of most columns first, then by name of all others."""
    kinds: dict[str, list[Change]] = {}
    for change in changes:
        if change.difference is not None:
            kinds.setdefault(spoken(change, change.difference, sequences), []).append(change)
    places = Counter(column for found in kinds.values() for column in {c.column for c in found})
    # Sentences, of means of items; the others begin with the column's name.
    order = sorted(kinds, key=lambda text: (not text[0].isupper(), -len(kinds[text])))
    said = []
    for index, text in enumerate(order):
        names = [
            c.column if places[c.column] == 1 else f"{c.column} of {c.row}" for c in kinds[text]
        ]
        if index == 0 and text[0].isupper():
            said.append(text)
        else:
            said.append(f"{', '.join(dict.fromkeys(names))}: {text[0].lower()}{text[1:]}")
    return " ".join(said) or "No column has paired items."


def spoken(change: Change, one: Estimate, sequences: Mapping[str, Mapping[str, object]]) -> str:
    """What one interval speaks about; a sentence, where it is of a mean of items."""
    if change.pairs is None:
        return pooled.sentence(one)
    unknown = not any(facts.get("subject") for facts in sequences.values())
    sentences = {
        "subjects": f"Intervals hold over subjects ({one.subjects}, {one.sequences} sequences)."
        + (" With fewer than 6 subjects they lean on normality." if one.subjects < 6 else ""),
        "sequences": f"Intervals hold within this subject, over {one.sequences} sequences: "
        "nothing is claimed for other people."
        + (" (No sequence names its subject.)" if unknown else ""),
        "blocks": "Intervals hold within this sequence, over blocks of its items: nothing is "
        "claimed for other sequences or people.",
        "none": "Too few items for any interval.",
    }
    return sentences[one.level]
