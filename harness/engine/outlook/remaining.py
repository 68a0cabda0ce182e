"""The time left for all units of a command, as far as it is known."""

from __future__ import annotations

import time
from collections.abc import Callable

from harness.engine.jobs import Effort
from harness.engine.outlook.costs import Costs, duration

#: A unit that takes this many times as long as the last time, and so many seconds more, shows
#: that the estimate is wrong.
OVERDUE, GRACE = 1.5, 10.0


class Remaining:
    """What is left to compute, and for how long.

    Nothing is known while a unit is left whose like never ran here, while another process takes a
    part of the work, or when a unit takes far longer than the last time.

    Args:
        costs: of earlier work.
        work: lock of a unit -> its effort, of all units that are not finished.
        more: seconds of what the command does after these units; None if unknown.
        clock: seconds.

    """

    def __init__(
        self,
        costs: Costs,
        work: dict[str, Effort],
        more: float | None = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.costs, self.more, self._clock = costs, more, clock
        self._left = dict(work)
        self._now: str | None = None
        self._start = 0.0
        self.shared = False  # whether another process computes some of it

    def begin(self, lock: str) -> None:
        """A unit starts now."""
        self._now, self._start = lock, self._clock()

    def end(self, lock: str, succeeded: bool) -> None:
        """A unit is done; the cost of one that failed says nothing."""
        effort = self._left.pop(lock, None)
        if effort is not None and succeeded and self._now == lock:
            self.costs.note(effort, self._clock() - self._start)
        self._now = None

    def drop(self, lock: str) -> None:
        """A unit needs no work: it is finished, or cannot be done."""
        self._left.pop(lock, None)

    def seconds(self) -> float | None:
        """Seconds left; None where they are not known."""
        if self.shared or self.more is None:
            return None
        left = self.more
        for lock, effort in self._left.items():
            guess = self.costs.guess(effort)
            if guess is None:
                return None
            if lock == self._now:
                past = self._clock() - self._start
                if past > OVERDUE * guess + GRACE:
                    return None
                guess = max(guess - past, 0.0)
            left += guess
        return left

    def text(self) -> str:
        """`about 4 min left in all`; empty where it is not known."""
        left = self.seconds()
        if left is None:
            return ""
        about = "less than a minute" if left < 45 else f"about {duration(max(left, 60.0))}"
        return f"{about} left in all"
