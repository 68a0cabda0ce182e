"""Items in their clusters: subjects, their sequences, blocks of items.

Frames of one sequence resemble each other, and so do sequences of one subject. What is
resampled is therefore never a single item: subjects, within them sequences, within them blocks
of consecutive items. A level with one member cannot be resampled, and then the statement is
about less: "within this subject", "within this sequence".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

#: The levels of resampling, and what an interval of each generalises to.
SCOPES = {
    "subjects": "over subjects",
    "sequences": "within this subject, over sequences",
    "blocks": "within this sequence, over blocks of its items",
    "left-out subjects": "over subjects, each left out in turn",
    "left-out sequences": "within these subjects, over sequences, each left out in turn",
    "seeds": "over training runs with other seeds, on the same sequences",
    "none": "no interval: too few items",
}

#: Fewer blocks than this carry no interval.
MIN_BLOCKS = 3


@dataclass(frozen=True)
class Series:
    """The items of one sequence in time order, float64 [n]; NaN where an item failed."""

    sequence: str
    values: np.ndarray
    subject: str = ""

    @property
    def finite(self) -> np.ndarray:
        """The items that have a value."""
        values = np.asarray(self.values, np.float64)
        return values[np.isfinite(values)]


def subject_of(sequence: str, sequences: Mapping[str, Mapping[str, object]]) -> str:
    """The subject of a sequence after `Results.sequences`; where unknown, the empty string."""
    return str(sequences.get(sequence, {}).get("subject") or "")


def grouped(series: Sequence[Series]) -> list[list[Series]]:
    """Sequences with items by subject, in order of appearance.

    Sequences without a named subject count as those of one unknown subject: a subject for each
    would claim more independence than is known.
    """
    subjects: dict[str, list[Series]] = {}
    for one in series:
        if len(one.finite):
            subjects.setdefault(one.subject, []).append(one)
    return list(subjects.values())


def level(subjects: Sequence[Sequence[Series]], block: int) -> str:
    """The highest level that can be resampled: subjects, sequences, blocks or none."""
    if len(subjects) > 1:
        return "subjects"
    sequences = subjects[0] if subjects else []
    if len(sequences) > 1:
        return "sequences"
    if sequences and len(sequences[0].finite) >= MIN_BLOCKS * block:
        return "blocks"
    return "none"


def mean_of(runs: Mapping[tuple[str, int], np.ndarray], value: float) -> str | None:
    """How a value is the mean of items.

    Args:
        runs: (sequence, seed) -> items, float64 [n]; NaN where one failed.
        value: of all of them. Each seed is pooled by itself, then seeds are averaged.

    Returns:
        "sequences": the mean of the means of sequences; "items": of all items; None: neither.

    """
    seeds: dict[int, list[np.ndarray]] = {}
    for (_, seed), values in runs.items():
        if len(finite := values[np.isfinite(values)]):
            seeds.setdefault(seed, []).append(finite)
    if not seeds:
        return None
    joined = [np.concatenate(found) for found in seeds.values()]
    near = 1e-6 * max(abs(value), *(np.abs(items).mean() for items in joined))
    means = [np.mean([items.mean() for items in found]) for found in seeds.values()]
    if abs(np.mean(means) - value) <= near:
        return "sequences"
    return "items" if abs(np.mean([items.mean() for items in joined]) - value) <= near else None
