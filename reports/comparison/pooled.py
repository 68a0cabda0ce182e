"""Columns that are no means of items, from stored scores to intervals and words."""

from __future__ import annotations

from collections.abc import Mapping

from harness.contracts import Row, Score
from reports.statistics import Estimate, Pooled, estimate_pooled, subject_of
from reports.statistics.pooled import (
    LEVELS,
    MIN_SEEDS,
    MIN_SEQUENCES,
    MIN_SUBJECTS,
    MOST_PARTS,
    SEEDS,
    SEQUENCES,
    SUBJECTS,
)

#: How an interval of each kind came about, in words.
KINDS = {
    SUBJECTS: "over subjects (computed again without each of {n})",
    SEQUENCES: "within these people, over sequences (computed again without each of {n})",
    SEEDS: "from the spread of {n} trainings on these very sequences alone: training noise, "
    "nothing of other sequences or people",
}


def subjects_of(row: Row, sequences: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    """Sequence -> subject, of the sequences of a row."""
    return {name: subject_of(name, sequences) for name in row.sequences}


def known(score: Score) -> bool:
    """Whether anything is stored that tells how sure a value is that is no mean of items."""
    return bool(score.without) or len(score.by_seed) >= MIN_SEEDS


def pooled(score: Score) -> Pooled:
    """What is stored of a value.

    Raises:
        ValueError: it has none.

    """
    if score.value is None:
        raise ValueError(f"no value: {score.reason}")
    level = score.level if score.without else ""
    return Pooled(score.value, score.without, level, score.by_seed, score.n)


def difference(mine: Score, base: Score, subjects: Mapping[str, str]) -> Estimate:
    """Paired difference mine - base of two values; without an interval where nothing is known.

    Args:
        mine: a score with a value.
        base: another.
        subjects: sequence -> its subject.

    """
    return estimate_pooled(pooled(mine) - pooled(base), subjects)


def why_not(mine: Score, base: Score, metric: str = "") -> str:
    """Why a difference of two values of a metric has no interval."""
    if metric == "fps":
        return "speed hangs on the machine and its moment, not on sequences: no interval"
    text = "its value is not a mean of items, and "
    if known(mine) and known(base):
        return text + "nothing varies or nothing can be paired: no interval"
    return text + (
        f"the rows store fewer than {MIN_SUBJECTS} subjects, {MIN_SEQUENCES} sequences and "
        f"{MIN_SEEDS} trainings of it: no interval"
    )


def kind(level: str, n: int) -> str:
    """How an interval of a level came about; as many parts as are the most may be joined ones."""
    each = f"{n} parts of them" if n >= MOST_PARTS and level != SEEDS else str(n)
    return KINDS[level].format(n=each)


def sentence(one: Estimate) -> str:
    """How one interval came about, to stand after the names of its columns."""
    return f"no mean of items; the interval is {kind(one.level, one.clusters)}."


def sentences(found: Mapping[str, Estimate]) -> list[str]:
    """How the intervals of columns came about, one sentence a kind."""
    grouped: dict[str, list[str]] = {}
    for name, one in found.items():
        if one.level in LEVELS:
            grouped.setdefault(sentence(one), []).append(name)
    return [f"{', '.join(names)}: {text}" for text, names in grouped.items()]
