"""Emo-FID: Fréchet distance of hsemotion's features of rendered and true faces."""

from __future__ import annotations

import numpy as np

from harness.contracts import MetricResult, MetricSpec
from metrics.common.distribution import Distribution, frechet_columns
from metrics.common.faces import EXTRACTORS
from metrics.common.hsemotion import CROP_TRAPS, DIM, PACKAGES, REFERENCE, EmotionFaces

SPECS = (
    MetricSpec(
        id="emo_fid/hsemotion",
        title="Emo-FID (hsemotion)",
        entry="metrics.emo_fid:EmoFID",
        columns=frechet_columns("emo_fid/hsemotion", f"{DIM} emotion features, frames pooled"),
        reference=f"{REFERENCE}, enet_b0_8_best_vgaf, features before its last layer; the idea "
        "is DEEPTalk's Emo-FID (whwjdqls/DEEPTalk, issue 9)",
        formula="|m_p - m_g|^2 + tr(S_p + S_g - 2 (S_p^1/2 S_g S_p^1/2)^1/2) of the 1280 "
        "features, covariances with ddof=1",
        traps=(
            "This is not E-FID, which compares expression coefficients of a face model.",
            "DEEPTalk's Emo-FID uses another AffectNet classifier, so its values are not "
            "comparable.",
            f"{DIM} dimensions: below {10 * DIM} frames the value is mostly bias, and it falls "
            "with the number of frames; compare at equal n only.",
            "Consecutive frames are correlated, so n overstates the number of independent samples.",
            *CROP_TRAPS,
        ),
        weights=("hsemotion-vgaf", *EXTRACTORS["mp"]),
        packages=PACKAGES,
        domain="photo",
        options={"extractor": "mp", "weights": "hsemotion-vgaf"},
    ),
)


class EmoFID(EmotionFaces, Distribution):
    """Fréchet distance of the Gaussians of emotion features, prediction against truth."""

    def score(self, prediction: np.ndarray, truth: np.ndarray, frames: np.ndarray) -> MetricResult:
        """Distance of features [n,1280]."""
        result = self.compare(prediction, truth, frames)
        result.details |= self.describe()
        return result
