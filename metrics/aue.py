"""Action unit error of the upper and the lower face."""

from __future__ import annotations

import numpy as np

from harness.contracts import Column, MetricResult, MetricSpec
from metrics.detectors.synthetic import ACTION_UNITS, action_units
from metrics.faces import EXTRACTORS, Faces, code_of
from metrics.pairs import FacePairs

UPPER = ("AU01", "AU02", "AU04", "AU05", "AU06", "AU07", "AU09", "AU45")
LOWER = ("AU10", "AU12", "AU14", "AU15", "AU17", "AU20", "AU23", "AU25", "AU26")

SPECS = (
    MetricSpec(
        id="aue/synthetic",
        title="Action unit error (synthetic regressor)",
        entry="metrics.aue:AUE",
        columns=(
            Column("aue_u/synthetic", "down", "AU^2", (0.0, None), "upper face, sum of MSEs"),
            Column("aue_l/synthetic", "down", "AU^2", (0.0, None), "lower face, sum of MSEs"),
        ),
        reference="TalkingGaussian auerror.py (AUE-U, AUE-L), AUs of our regressor for OpenFace's",
        weights=EXTRACTORS["synthetic"],
        domain="synthetic",
        code=("metrics.pairs", *code_of("synthetic")),
        options={"extractor": "synthetic"},
    ),
)


def au_error(prediction: np.ndarray, truth: np.ndarray, units: tuple[str, ...]) -> np.ndarray:
    """Sum over units of the squared difference of intensities, per frame.

    Its mean over frames is the sum of the units' mean squared errors.

    Args:
        prediction: float [T,20], intensities 0..5 in the order of `ACTION_UNITS`.
        truth: float [T,20].
        units: names of the units that count.

    Returns:
        float64 [T].

    """
    columns = [ACTION_UNITS.index(unit) for unit in units]
    difference = np.asarray(prediction, np.float64) - np.asarray(truth, np.float64)
    return np.square(difference[:, columns]).sum(1)


class AUE(FacePairs):
    """Squared error of FACS intensities, summed over the units of a half of the face."""

    @staticmethod
    def pick(found: Faces) -> np.ndarray:
        """Action units [B,20] in 0..5."""
        return action_units(found.expression)

    def score(self, prediction: np.ndarray, truth: np.ndarray, frames: np.ndarray) -> MetricResult:
        """Upper and lower half of action units [n,20]."""
        items = {
            "aue_u/synthetic": au_error(prediction, truth, UPPER),
            "aue_l/synthetic": au_error(prediction, truth, LOWER),
        }
        return MetricResult(
            {name: float(scores.mean()) for name, scores in items.items()},
            len(truth),
            items=items,
            details={"upper": list(UPPER), "lower": list(LOWER)},
        )
