"""What decides how long work takes, for estimates: nothing of it is part of a key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.contracts import Clip, MethodSpec, Sequence
from harness.engine.cells.store import hash_of
from harness.engine.jobs import Effort

#: Family of the fits of baselines, which take seconds at most.
QUICK_FIT = "fit of a baseline"


@dataclass(frozen=True)
class MethodEffort:
    """The work of a method under some options on one test sequence."""

    spec: MethodSpec
    options: Mapping[str, Any]
    sequence: Sequence

    @property
    def _size(self) -> str:
        return f"{self.sequence.height}x{self.sequence.width}"

    @property
    def _method(self) -> tuple[str, str]:
        return self.spec.id, hash_of(self.options, 12)

    def of_truth(self) -> Effort:
        """Archiving the ground truth."""
        return Effort("truth", (self._size,), len(self.sequence.test))

    def of_fit(self, frames: int) -> Effort:
        """A fit to that many training frames; its time does not grow with them alone."""
        family = "" if self.spec.role == "method" else QUICK_FIT
        return Effort("fit", (*self._method, self._size, str(frames)), 1.0, family)

    def of_render(self) -> Effort:
        """Rendering the test part with any driving signal."""
        return Effort("render", (*self._method, self._size), len(self.sequence.test), "render")

    def of_time(self) -> Effort:
        """Timing, of a fixed number of frames."""
        return Effort("time", (*self._method, self._size), 1.0, "time")

    def of_score(self, timed: bool) -> Effort:
        """Scoring the test part; the metrics are added when it is known which are missing."""
        if timed:
            return Effort("score", ("speed",))
        facts = (self.sequence.domain, self._size)
        return Effort("score", facts, len(self.sequence.test))


def of_files(clip: Clip) -> Effort:
    """Scoring a pair of files."""
    return Effort("score", ("files", clip.domain, f"{clip.height}x{clip.width}"), clip.count)
