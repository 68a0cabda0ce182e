"""E-FID: Fréchet distance of expression coefficients of rendered and true frames."""

from __future__ import annotations

import numpy as np

from harness.contracts import MetricResult, MetricSpec
from metrics.common.distribution import TRAPS, Distribution, frechet_columns
from metrics.common.faces import Faces, needs
from metrics.common.frechet import FORMULA
from metrics.common.pairs import FacePairs


def _spec(variant: str, extractor: str, basis: str, trap: str) -> MetricSpec:
    name = f"e_fid/{variant}"
    return MetricSpec(
        id=name,
        title=f"E-FID ({basis})",
        entry="metrics.e_fid:EFID",
        columns=frechet_columns(name, f"{basis}, frames pooled"),
        reference="EMO (2402.17485): FID of expression parameters; extractors differ by paper, "
        "so values of different variants cannot be compared",
        formula=f"{FORMULA}, m and S of {basis} over all frames",
        traps=(trap, *TRAPS),
        **needs(extractor),
        options={"extractor": extractor, "basis": variant},
    )


SPECS = (
    _spec(
        "synthetic",
        "synthetic",
        "24 controls of the synthetic regressor",
        "The regressor was trained on the synthetic corpus only: not comparable with values of "
        "photographs.",
    ),
    _spec(
        "mp52",
        "mp",
        "52 MediaPipe blendshapes",
        "Blendshapes lie in 0..1, 3DMM coefficients do not: the scale differs from every "
        "published E-FID.",
    ),
)


class EFID(FacePairs, Distribution):
    """Fréchet distance of the Gaussians of expressions, prediction against truth."""

    def pick(self, found: Faces) -> np.ndarray:
        """Expression coefficients [B,E]."""
        return found.expression

    def score(self, prediction: np.ndarray, truth: np.ndarray, frames: np.ndarray) -> MetricResult:
        """Distance of expressions [n,E]."""
        result = self.compare(prediction, truth, frames)
        result.details["basis"] = self.spec.options["basis"]
        return result
