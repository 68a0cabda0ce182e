"""A clock that moves when work is done: nothing in tests may measure real time."""

from __future__ import annotations

import math
import random


class Machine:
    """A clock that work moves on; neighbours slow everything in phases, and some slices more."""

    def __init__(self, seed: int, busy: float = 0.0, spikes: float = 0.0) -> None:
        self.random, self.now, self.busy, self.spikes = random.Random(seed), 0.0, busy, spikes

    def __call__(self) -> float:
        return self.now

    def work(self, seconds: float):
        def run() -> None:
            phase = 1 + self.busy * (math.sin(self.now * 3) > 0)
            spike = 1 + (self.random.random() < self.spikes) * self.random.uniform(0, 4)
            self.now += seconds * phase * spike * math.exp(self.random.gauss(0, 0.08))

        return run
