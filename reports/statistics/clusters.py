"""Items in their clusters: who was recorded, in which recording, at which moment.

Frames of one recording resemble each other, and so do recordings of one person. What is
resampled is therefore never a single item: persons, within them recordings, within them blocks
of consecutive items. A level with one member cannot be resampled, and then the statement is
about less: "within this person", "within this recording".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

#: The levels of resampling, and what a statement at each is about.
SCOPES = {
    "persons": "over persons",
    "recordings": "within this person, over recordings",
    "blocks": "within this recording, over blocks of items",
    "left-out persons": "over persons, each left out in turn",
    "left-out recordings": "within these people, over recordings, each left out in turn",
    "seeds": "over trainings with other seeds, of these very recordings",
    "none": "no interval: too few items",
}

#: Fewer blocks than this carry no interval.
MIN_BLOCKS = 3


@dataclass(frozen=True)
class Series:
    """The items of one recording in time order, float64 [n]; NaN where an item failed."""

    recording: str
    values: np.ndarray
    person: str = ""

    @property
    def finite(self) -> np.ndarray:
        """The items that have a value."""
        values = np.asarray(self.values, np.float64)
        return values[np.isfinite(values)]


def person_of(recording: str, recordings: Mapping[str, Mapping[str, object]]) -> str:
    """The person of a recording after `Results.recordings`; where unknown, the empty string."""
    return str(recordings.get(recording, {}).get("subject") or "")


def grouped(series: Sequence[Series]) -> list[list[Series]]:
    """Recordings with items by person, in order of appearance.

    A recording without a named person is one of a single unknown person: to take it for a
    person of its own would claim more independence than anybody knows of.
    """
    persons: dict[str, list[Series]] = {}
    for one in series:
        if len(one.finite):
            persons.setdefault(one.person, []).append(one)
    return list(persons.values())


def level(persons: Sequence[Sequence[Series]], block: int) -> str:
    """The highest level that can be resampled: persons, recordings, blocks or none."""
    if len(persons) > 1:
        return "persons"
    recordings = persons[0] if persons else []
    if len(recordings) > 1:
        return "recordings"
    if recordings and len(recordings[0].finite) >= MIN_BLOCKS * block:
        return "blocks"
    return "none"
