"""Bring the trained prior features to one scale.

The official feature files come from networks whose outputs spread over about one unit; the
networks trained here on one subject give content, style and emotion that differ among each
other by two orders of magnitude. A modality whose input hardly changes has no effect in a short
schedule. Within a kind one factor serves all coefficients: one that sound cannot tell (a glance)
is small because it was shrunk, and must not be made large again. The statistics are those of the
training part; official files are left as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from harness.contracts import Priors

KINDS = ("content", "style", "emotion")
#: New sound may leave the training's mean by this many deviations.
LIMIT = 4.0


@dataclass(frozen=True)
class PriorScaling:
    """By kind: mean of every coefficient [E], and deviation of the typical one []; float32."""

    mean: Mapping[str, np.ndarray]
    deviation: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, priors: Priors) -> PriorScaling:
        """Statistics of the training frames' features."""
        mean, deviation = {}, {}
        for kind in KINDS:
            values = np.asarray(getattr(priors, kind), np.float32)
            mean[kind] = values.mean(0)
            # A module that is switched off gives zeros, and zeros they stay.
            deviation[kind] = np.asarray(np.sqrt(np.mean(values.var(0))) or 1, np.float32)
        return cls(mean, deviation)

    def apply(self, priors: Priors) -> Priors:
        """Scale features of any sound."""
        return Priors(
            **{
                kind: np.clip(
                    (getattr(priors, kind) - self.mean[kind]) / self.deviation[kind], -LIMIT, LIMIT
                ).astype(np.float32)
                for kind in KINDS
            }
        )

    def tensors(self) -> dict[str, torch.Tensor]:
        """The statistics as plain tensors."""
        return {
            f"{part}.{kind}": torch.from_numpy(np.ascontiguousarray(getattr(self, part)[kind]))
            for part in ("mean", "deviation")
            for kind in KINDS
        }

    @classmethod
    def restore(cls, tensors: Mapping[str, torch.Tensor]) -> PriorScaling:
        """From what `tensors` returned."""

        def part(name: str) -> dict[str, np.ndarray]:
            return {kind: tensors[f"{name}.{kind}"].cpu().numpy() for kind in KINDS}

        return cls(part("mean"), part("deviation"))
