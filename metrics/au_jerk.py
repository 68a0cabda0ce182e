"""AU-Jerk: how abruptly facial action units change from frame to frame."""

from __future__ import annotations

import numpy as np

from harness.contracts import Failure, MetricResult, MetricSpec
from metrics.common.second_difference import second_difference, three_columns
from metrics.common.unit_pairs import LOWER, MP52_TRAPS, OPENFACE_TRAPS, UPPER, UnitPairs, needs

_TRAPS = (
    "the name says jerk, the only paper that reports it a second-order derivative; a third "
    "difference is larger and is not meant here",
    "the paper gives neither its units of time nor its set of AUs: here per frame^2, not times "
    "fps^2, over the 17 units of AUE, so values of other frame rates do not compare",
    "less is not better in itself: a still image scores 0, so only the difference from the "
    "truth has a direction",
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
        columns = self.columns_of(UPPER + LOWER)
        own, true = (self._per_frame(side[:, columns], frames) for side in (prediction, truth))
        mine, theirs, error = (column.name for column in self.spec.columns)
        triples = int(np.isfinite(true).sum())
        details = {"order": 2, "per": "frame^2", "units": len(columns), "triples": triples}
        if not triples:
            nothing = {column.name: None for column in self.spec.columns}
            failure = Failure("too_short", "no three consecutive frames have a face on both sides")
            return MetricResult(nothing, 0, failures=[failure], details=details)
        values = {mine: float(np.nanmean(own)), theirs: float(np.nanmean(true))}
        values[error] = abs(values[mine] - values[theirs])
        return MetricResult(values, triples, items={mine: own, theirs: true}, details=details)

    @staticmethod
    def _per_frame(units: np.ndarray, frames: np.ndarray) -> np.ndarray:
        """Mean over units of the second difference float64 [n]; NaN beside a missing frame."""
        whole = np.full((frames[-1] + 1, units.shape[1]), np.nan)
        whole[frames] = units
        scores = np.full(len(whole), np.nan)
        scores[1:-1] = np.abs(second_difference(whole)).mean(1)
        return scores[frames]
