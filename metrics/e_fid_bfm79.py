"""E-FID over 79 BFM coefficients that a tracker wrote beforehand."""

from __future__ import annotations

import numpy as np

from harness.contracts import BadInput, Clip, Failure, FrameBatch, MetricResult, MetricSpec
from harness.contracts.signals import SIGNALS
from metrics.common.distribution import SIDES, TRAPS, Distribution, frechet_columns
from metrics.common.frechet import FORMULA

DIM = 79

SPECS = (
    MetricSpec(
        id="e_fid/bfm79",
        title="E-FID (BFM 2009, 79 tracked coefficients)",
        entry="metrics.e_fid_bfm79:TrackedEFID",
        columns=frechet_columns(
            "e_fid/bfm79", "79 tracked BFM expression coefficients, frames pooled"
        ),
        reference="Hallo2's author (fudan-generative-vision/hallo2 issue 31): `exp` of ER-NeRF "
        "data_utils/face_tracking, then the Fréchet distance",
        formula=f"{FORMULA}, m and S of 79 expression coefficients over all frames",
        traps=(
            "The tracker optimizes one identity per video, so the start and length of a sequence "
            "change the coefficients of every frame.",
            "Prediction and ground truth must be tracked alike: same landmarks, iterations and "
            "focal length.",
            "Deep3DFaceRecon's 64 coefficients are a different basis: see e_fid/deep3d.",
            "Hallo2's tracker uses insightface landmarks, ER-NeRF's own script those of "
            "face-alignment.",
            *TRAPS,
        ),
        signals=("bfm79",),
        predicted=("bfm79",),
        options={"basis": "bfm79"},
    ),
)


def coefficients(given: object, clip: Clip, side: str) -> np.ndarray:
    """The array of one side, float64 [T,79]; single frames may be NaN.

    Raises:
        BadInput: it is not an array of numbers of that shape and length.

    """
    subject, cure = f"{clip.id}: bfm79 of the {side}", SIGNALS["bfm79"][1]
    array = np.asarray(given)
    if array.dtype.kind not in "fiu":
        raise BadInput(subject, f"it holds {array.dtype}, not numbers", cure)
    if array.ndim != 2 or array.shape[1] != DIM:
        raise BadInput(subject, f"its shape is {list(array.shape)}, not [T, {DIM}]", cure)
    if len(array) != clip.count:
        raise BadInput(
            subject,
            f"it has {len(array)} rows, the sequence has {clip.count} frames",
            "Track exactly the frames that are scored.",
        )
    return array.astype(np.float64)


class TrackedEFID(Distribution):
    """Fréchet distance of coefficients given with both sides; frames are not looked at."""

    def begin(self, clip: Clip) -> None:
        """Start a sequence, with all its coefficients.

        Raises:
            BadInput: the coefficients of a side cannot be used.

        """
        given = {"prediction": clip.predicted["bfm79"], "truth": clip.signals["bfm79"]}
        self._sides = {side: coefficients(given[side], clip, side) for side in SIDES}

    def update(self, batch: FrameBatch) -> None:
        """Nothing: everything came with the sequence."""

    def compute(self) -> MetricResult:
        """Compare the frames that are finite on both sides; the others are failures."""
        failures = []
        both = np.ones(len(self._sides["truth"]), bool)
        for side, array in self._sides.items():
            finite = np.isfinite(array).all(1)
            both &= finite
            failures += [
                Failure("nan", f"coefficients of the {side} are not finite", int(i))
                for i in np.flatnonzero(~finite)
            ]
        prediction, truth = (self._sides[side][both] for side in SIDES)
        result = self.compare(prediction, truth, np.flatnonzero(both))
        result.failures = failures + result.failures
        result.details |= {
            "basis": "79 expression coefficients of BFM 2009, tracked beforehand",
            "n_frames": int(both.sum()),
            "n_refused": int((~both).sum()),
        }
        return result
