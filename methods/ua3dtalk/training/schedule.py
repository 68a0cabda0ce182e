"""Schedules of the stages: everything that changes with the iteration.

Every point in time is a fraction of a stage's iterations, so that a short schedule passes
through the same phases as the published one. At the published counts (face and mouth
50,000, fuse 10,000) the fractions give the published iterations.

Source: UA-3DTalk's released `train_face.py`, `train_mouth.py`, `train_fuse.py` and
`arguments/__init__.py`; TalkingGaussian (arXiv 2404.15264), from which they come.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from methods.ua3dtalk.scene.optimizers import MEANS_RATES

SSIM_WEIGHT = 0.2
MOTION_WEIGHT = 1e-5
ALPHA_WEIGHT = 1e-3

#: Every n-th step draws its frame from the window of the incremental sampling.
FACE_SELECT_EVERY = 15
MOUTH_SELECT_EVERY = 7
SELECT_WIDTH = 0.2  # width of that window, as a part of the signal's range


@dataclass(frozen=True)
class Schedule:
    """What happens when in one stage, as fractions of its iterations; by default the face's.

    Attributes:
        iterations: steps in all.
        warm_up: until here the Gaussians stand still and the fields learn nothing.
        stage_switch: from here on the whole ensemble is fused (stage 2).
        perceptual: from here on LPIPS joins the loss.
        rate_break: where the motion's learning rate changes its law.
        rate_end: the length that the second law is stretched over.
        means_end: where the positions' learning rate reaches its last value.
        densify_from: first densification.
        densify_until: last densification.
        select_until: end of the incremental sampling.

    """

    iterations: int
    warm_up: float = 0.06
    stage_switch: float = 0.3
    perceptual: float = 0.94
    rate_break: float = 0.8
    rate_end: float = 1.0
    means_end: float = 0.9
    densify_from: float = 0.01
    densify_until: float = 0.98
    select_until: float = 0.8

    def at(self, fraction: float) -> int:
        """The iteration at a fraction of the schedule."""
        return round(fraction * self.iterations)

    def is_warm(self, i: int) -> bool:
        """Whether the deformation takes part at iteration i."""
        return i >= self.at(self.warm_up)

    def fusion_stage(self, i: int) -> int:
        """1 or 2: whether one member or the whole ensemble is fused at iteration i."""
        return 2 if i > self.at(self.stage_switch) else 1

    def uses_perceptual(self, i: int) -> bool:
        """Whether LPIPS is part of the loss at iteration i."""
        return i > self.at(self.perceptual)

    def motion_factor(self, i: int) -> float:
        """Factor on the learning rates of a deformation field at iteration i."""
        end = self.at(self.rate_break)
        return 0.5 ** (i / end) if i < end else 0.1 ** (i / self.at(self.rate_end))

    def means_rate(self, i: int) -> float:
        """Learning rate of the positions at iteration i: log-linear between two values."""
        done = min(max(i / self.at(self.means_end), 0.0), 1.0)
        first, last = MEANS_RATES
        return math.exp(math.log(first) * (1 - done) + math.log(last) * done)

    def observes(self, i: int) -> bool:
        """Whether the gradients of iteration i count for a densification."""
        return i < self.at(self.densify_until)

    def densifies(self, i: int, every: int) -> bool:
        """Whether iteration i ends with a densification."""
        return self.at(self.densify_from) < i and self.observes(i) and i % every == 0

    def min_opacity(self, i: int) -> float:
        """Gaussians fainter than this are pruned when iteration i densifies."""
        return 0.05 + 0.25 * i / self.at(self.densify_until)

    def select_window(self, i: int, start: float = 0.0) -> tuple[float, float] | None:
        """Where in a signal's range [0, 1] the incremental sampling draws from at iteration i.

        The window slides from the bottom of the range to its top between the fraction
        `start` and `select_until`; None outside of that time.
        """
        return self._sliding(i, self.at(start), self.at(self.select_until))

    def warm_up_window(self, i: int) -> tuple[float, float] | None:
        """The same for the warm-up: the window slides from its beginning to its end."""
        return self._sliding(i, 0, self.at(self.warm_up))

    @staticmethod
    def _sliding(i: int, first: int, last: int) -> tuple[float, float] | None:
        if not first <= i < last:
            return None
        low = (1 - SELECT_WIDTH) * (i - first) / (last - first)
        return low, low + SELECT_WIDTH


#: Where a stage differs from the face branch's fractions.
_DIFFERENCES: dict[str, dict[str, float]] = {
    "face": {},
    "mouth": {
        "perceptual": 0.98,
        "rate_break": 0.78,
        "rate_end": 0.98,
        "densify_until": 0.9,
        "select_until": 1.0,
    },
    "fuse": {"perceptual": 0.5},
}


def schedule_of(stage: str, iterations: int) -> Schedule:
    """The schedule of `face`, `mouth` or `fuse`."""
    return Schedule(iterations, **_DIFFERENCES[stage])
