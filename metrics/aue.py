"""Action unit error of the upper and the lower face."""

from __future__ import annotations

import numpy as np

from harness.contracts import Column, MetricResult, MetricSpec
from metrics.common.numerics import mean_result
from metrics.common.unit_pairs import LOWER, MP52_TRAPS, OPENFACE_TRAPS, UPPER, UnitPairs, needs
from metrics.detectors.synthetic import ACTION_UNITS

_TRAPS = (
    "A sum of the units' mean squared errors: papers that report the mean over units or the root "
    "(RMSE) differ by a factor or a square root.",
    "AU18, AU22, AU24 and AU28 belong to neither half; AU45 (blink) belongs to the upper one.",
)


def _spec(
    variant: str, extractor: str, title: str, reference: str, traps: tuple[str, ...], whole: bool
) -> MetricSpec:
    """A variant; `whole` adds the column of both halves together."""
    halves = [("aue_u", "upper face"), ("aue_l", "lower face")]
    if whole:
        halves.append(("aue", "all 17 units"))
    return MetricSpec(
        id=f"aue/{variant}",
        title=title,
        entry="metrics.aue:AUE",
        columns=tuple(
            Column(f"{name}/{variant}", "down", "AU^2", (0.0, None), f"{units}, sum of MSEs")
            for name, units in halves
        ),
        reference=reference,
        formula="sum over units u of a half of mean_t (a_pred(t,u) - a_true(t,u))^2, a in 0..5; "
        "upper 1,2,4,5,6,7,9,45; lower 10,12,14,15,17,20,23,25,26",
        traps=(*_TRAPS, *traps),
        options={"extractor": extractor},
        **needs(extractor),
    )


SPECS = (
    _spec(
        "synthetic",
        "synthetic",
        "Action unit error (synthetic regressor)",
        "TalkingGaussian auerror.py (AUE-U, AUE-L), with our regressor's AUs in place of "
        "OpenFace's",
        ("The regressor was trained on the synthetic corpus only.",),
        whole=False,
    ),
    _spec(
        "openface",
        "openface",
        "Action unit error (OpenFace 2.2)",
        "TalkingGaussian auerror.py (AUE, AUE-U, AUE-L) on OpenFace 2.2 FeatureExtraction",
        (
            *OPENFACE_TRAPS,
            "The original script pairs rows by index and drops the surplus rows of the longer "
            "file; here unequal lengths are refused.",
        ),
        whole=True,
    ),
    _spec(
        "mp52",
        "mp",
        "Action unit error (MediaPipe blendshapes as units)",
        "TalkingGaussian auerror.py on units from MediaPipe's 52 blendshapes "
        "(harness.media.blendshape_units)",
        MP52_TRAPS,
        whole=True,
    ),
)


def au_error(
    prediction: np.ndarray,
    truth: np.ndarray,
    units: tuple[str, ...],
    names: tuple[str, ...] = ACTION_UNITS,
) -> np.ndarray:
    """Sum over units of the squared difference of intensities, float64 [T].

    Its mean over frames is the sum of the units' mean squared errors. Prediction and truth are
    float [T,A], intensities 0..5 in the order of `names`; only `units` count.
    """
    columns = [names.index(unit) for unit in units]
    difference = np.asarray(prediction, np.float64) - np.asarray(truth, np.float64)
    return np.square(difference[:, columns]).sum(1)


class AUE(UnitPairs):
    """Squared error of FACS intensities, summed over the units of a half of the face."""

    def score(self, prediction: np.ndarray, truth: np.ndarray, frames: np.ndarray) -> MetricResult:
        """Upper half, lower half, and both where declared, of action units [n,A]."""
        halves = (UPPER, LOWER, UPPER + LOWER)
        items = {
            column.name: au_error(prediction, truth, units, self.names)
            for column, units in zip(self.spec.columns, halves, strict=False)
        }
        details = {"upper": list(UPPER), "lower": list(LOWER), "scale": [0, 5]}
        return mean_result(items, details=details)
