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

#: The hair is part of the face's loss at every n-th step only.
HAIR_EVERY = 7


@dataclass(frozen=True)
class Schedule:
    """What happens when in one stage, as fractions of its iterations; by default the face's.

    Attributes:
        iterations: steps in all.
        warm_up: until here the Gaussians stand still and the fields learn nothing.
        stage_switch: from here on the whole ensemble is fused (stage 2).
        hair_until: from the warm-up to here the hair is left out of most steps.
        attention_from: from here on attention is penalised where it must have no effect.
        perceptual: from here on LPIPS joins the loss.
        frozen: from here on only colours learn.
        rate_break: where the motion's learning rate changes its law.
        rate_end: the length that the second law is stretched over.
        means_end: where the positions' learning rate reaches its last value.
        densify_from: first densification.
        densify_until: last densification.
        prune_large_from: from here on Gaussians that are too large are removed.
        select_until: end of the incremental sampling.

    """

    iterations: int
    warm_up: float = 0.06
    stage_switch: float = 0.3
    hair_until: float = 0.92
    attention_from: float = 0.06
    perceptual: float = 0.94
    frozen: float = 1.0
    rate_break: float = 0.8
    rate_end: float = 1.0
    means_end: float = 0.9
    densify_from: float = 0.01
    densify_until: float = 0.98
    prune_large_from: float = 0.06
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

    def shows_hair(self, i: int) -> bool:
        """Whether the hair is part of the face's loss at iteration i."""
        masked = self.at(self.warm_up) < i < self.at(self.hair_until)
        return not masked or i % HAIR_EVERY == 0

    def limits_attention(self, i: int) -> bool:
        """Whether attention is penalised at iteration i."""
        return i > self.at(self.attention_from)

    def uses_perceptual(self, i: int) -> bool:
        """Whether LPIPS is part of the loss at iteration i."""
        return i > self.at(self.perceptual)

    def is_frozen(self, i: int) -> bool:
        """Whether geometry and motion stand still at iteration i."""
        return i > self.at(self.frozen)

    def motion_factor(self, i: int) -> float:
        """Factor on the learning rates of a deformation field at iteration i."""
        end = self.at(self.rate_break)
        return 0.5 ** (i / end) if i < end else 0.1 ** (i / self.at(self.rate_end))

    def means_rate(self, i: int) -> float:
        """Learning rate of the positions at iteration i: log-linear between two values.

        For a scene of extent 1.
        """
        done = min(max(i / self.at(self.means_end), 0.0), 1.0)
        first, last = MEANS_RATES
        return math.exp(math.log(first) * (1 - done) + math.log(last) * done)

    def observes(self, i: int) -> bool:
        """Whether the gradients of iteration i count for a densification."""
        return i < self.at(self.densify_until)

    def controls(self, i: int, every: int) -> bool:
        """Whether iteration i ends with a look at the Gaussians' number or colours."""
        return self.at(self.densify_from) < i and i % every == 0

    def densifies(self, i: int, every: int) -> bool:
        """Whether iteration i ends with a densification."""
        return self.controls(i, every) and self.observes(i)

    def min_opacity(self, i: int) -> float:
        """Gaussians fainter than this are pruned when iteration i densifies."""
        return 0.05 + 0.25 * i / self.at(self.densify_until)

    def prunes_large(self, i: int) -> bool:
        """Whether a densification at iteration i removes Gaussians that are too large."""
        return i > self.at(self.prune_large_from)

    def selected(self, i: int) -> float | None:
        """How far the incremental sampling has come at iteration i, from 0 to 1; None after it."""
        end = self.at(self.select_until)
        return i / end if i < end else None


#: Where a stage differs from the face branch's fractions.
_DIFFERENCES: dict[str, dict[str, float]] = {
    "face": {},
    "mouth": {
        "perceptual": 0.98,
        "frozen": 0.98,
        "rate_break": 0.78,
        "rate_end": 0.98,
        "densify_until": 0.9,
        "select_until": 0.78,
    },
    "fuse": {"perceptual": 0.5},
}


def schedule_of(stage: str, iterations: int, attention_from: float = 0.06) -> Schedule:
    """The schedule of `face`, `mouth` or `fuse`."""
    return Schedule(iterations, attention_from=attention_from, **_DIFFERENCES[stage])
