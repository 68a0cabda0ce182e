"""AU-Jerk: how abruptly facial action units change from frame to frame."""

from __future__ import annotations

import numpy as np

from harness.contracts import MetricResult, MetricSpec
from metrics.common.numerics import spread
from metrics.common.second_difference import second_difference, three_columns, three_values
from metrics.common.unit_pairs import LOWER, MP52_TRAPS, OPENFACE_TRAPS, UPPER, UnitPairs, needs

_TRAPS = (
    "Despite its name, AU-Jerk is a second derivative in the only paper that reports it, and so "
    "it is here; a third difference (jerk in the usual sense) is larger.",
    "The paper states neither the unit of time nor the set of AUs: here it is per frame^2 (not "
    "multiplied by fps^2) over the 17 units of AUE, so values at different frame rates are not "
    "comparable.",
    "Lower is not better in itself: a still image scores 0, so only the difference from the "
    "ground truth has a direction.",
)


def _spec(variant: str, extractor: str, title: str, traps: tuple[str, ...] = ()) -> MetricSpec:
    return MetricSpec(
        id=f"au_jerk/{variant}",
        title=f"AU-Jerk ({title})",
        entry="metrics.au_jerk:AUJerk",
        columns=three_columns("au_jerk", variant, "AU/frame^2", "AU-Jerk"),
        reference="EmoZone-Talker (2606.15848): mean second-order derivative of AU trajectories; "
        "no public code",
        formula="mean over frames t and 17 units of |a(t+1) - 2 a(t) + a(t-1)|, a in 0..5; error "
        "= |prediction's - truth's|",
        traps=(*_TRAPS, *traps),
        options={"extractor": extractor},
        **needs(extractor),
    )


SPECS = (
    _spec("synthetic", "synthetic", "synthetic regressor"),
    _spec("openface", "openface", "OpenFace 2.2", OPENFACE_TRAPS),
    _spec("mp52", "mp", "MediaPipe blendshapes as units", MP52_TRAPS),
)


class AUJerk(UnitPairs):
    """Mean absolute second difference of FACS intensities of either side."""

    def score(self, prediction: np.ndarray, truth: np.ndarray, frames: np.ndarray) -> MetricResult:
        """Score units [n,A] of frames [n]; three consecutive frames are needed on both sides."""
        columns = [self.names.index(unit) for unit in UPPER + LOWER]
        own, true = (self._per_frame(side[:, columns], frames) for side in (prediction, truth))
        details: dict[str, object] = {"order": 2, "per": "frame^2", "units": len(columns)}
        return three_values(self.spec, own, true, [], details)

    @staticmethod
    def _per_frame(units: np.ndarray, frames: np.ndarray) -> np.ndarray:
        """Mean over units of the second difference float64 [n]; NaN beside a missing frame."""
        change = second_difference(spread(units, frames, frames[-1] + 1))
        return spread(np.abs(change).mean(1), slice(1, -1), frames[-1] + 1)[frames]
