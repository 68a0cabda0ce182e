"""How long work took on this machine, kept in the cache for estimates of the next time.

A cost is kept for each kind of work: method, options, size of frames, metrics, device. Estimates
are never more than that: the last time of the same work, scaled by its number of frames.
"""

from __future__ import annotations

import math
from contextlib import suppress
from pathlib import Path

from harness.contracts import BadInput, Unavailable
from harness.engine.cells.store import hash_of
from harness.engine.jobs import Effort
from harness.engine.outlook.efforts import QUICK_FIT
from harness.engine.provenance import cpu_name, threads
from harness.files.documents import read_object
from harness.storage import write_json
from harness.weights import cache_dir

FOLDER = "costs"


class Costs:
    """Seconds of earlier work, by effort.

    Args:
        device: on which it is computed; costs of another device or processor do not count.

    """

    def __init__(self, device: str) -> None:
        self._machine = [device, cpu_name(), threads()]
        self._known: dict[Effort, float | None] = {}  # seconds a unit of size
        self._by_family: dict[str, float] = {}

    def seconds(self, effort: Effort) -> float | None:
        """How long this took the last time, scaled by its size; None if it never ran here."""
        one = effort.of_size(1.0)
        if one not in self._known:
            self._known[one] = rate = self._read(one)
            if rate is not None and effort.family:
                self._by_family.setdefault(effort.family, rate)
        rate = self._known[one]
        return None if rate is None else rate * effort.size

    def guess(self, effort: Effort) -> float | None:
        """As `seconds`, else after other work of the family that was asked for before."""
        found = self.seconds(effort)
        if found is not None:
            return found
        rate = self._by_family.get(effort.family, 0.0 if effort.family == QUICK_FIT else None)
        return None if rate is None else rate * effort.size

    def note(self, effort: Effort, seconds: float) -> None:
        """Keep how long work took; a cache that cannot be written is done without."""
        one, rate = effort.of_size(1.0), seconds / max(effort.size, 1.0)
        self._known[one] = rate
        if effort.family:
            self._by_family[effort.family] = rate
        with suppress(OSError, BadInput, Unavailable):
            path = self._path(one)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_json(path, {"kind": one.kind, "facts": list(one.facts), "seconds": rate})

    def _path(self, one: Effort) -> Path:
        name = hash_of([one.kind, one.facts, self._machine], 16)
        return cache_dir() / FOLDER / f"{name}.json"

    def _read(self, one: Effort) -> float | None:
        try:
            value = read_object(self._path(one))["seconds"]
        except (BadInput, Unavailable, KeyError):
            return None
        usable = isinstance(value, int | float) and math.isfinite(value) and value >= 0
        return float(value) if usable else None


def duration(seconds: float) -> str:
    """A time as people say it: `40 s`, `4 min`, `2 h 10 min`."""
    if seconds < 1:
        return "under 1 s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, rest = divmod(round(minutes, -1), 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"
