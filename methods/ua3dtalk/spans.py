"""Where the frames of each sequence lie among the frames of a whole training set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

from harness.contracts import TrainingSet


class Spans:
    """Frames of several sequences, one after the other.

    Args:
        counts: frames of each sequence, in the order of the training set.

    """

    def __init__(self, counts: Sequence[int]) -> None:
        self.counts = tuple(counts)
        self._all = [range(a, b) for a, b in pairwise(accumulate(self.counts, initial=0))]

    @classmethod
    def of(cls, training: TrainingSet) -> Spans:
        """Those of a training set."""
        return cls([len(sequence.frames) for sequence in training])

    def __iter__(self) -> Iterator[range]:
        return iter(self._all)

    @property
    def count(self) -> int:
        """Frames in all."""
        return sum(self.counts)

    def locate(self, t: int) -> tuple[int, range]:
        """Which sequence holds frame t, and the frames of that sequence."""
        return next((k, span) for k, span in enumerate(self._all) if t in span)
