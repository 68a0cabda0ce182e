"""E-FID: Fréchet distance of expression coefficients of rendered and true frames."""

from __future__ import annotations

import numpy as np

from harness.contracts import Column, MetricResult, MetricSpec
from metrics.distribution import Distribution
from metrics.faces import EXTRACTORS, Faces, code_of
from metrics.pairs import FacePairs


def _spec(variant: str, extractor: str, basis: str, domain: str, **needs) -> MetricSpec:
    name = f"e_fid/{variant}"
    return MetricSpec(
        id=name,
        title=f"E-FID ({basis})",
        entry="metrics.e_fid:EFID",
        columns=(
            Column(name, "down", "", (0.0, None), f"Fréchet distance of {basis}, frames pooled"),
        ),
        reference="EMO (2402.17485): FID of expression parameters; extractors differ by paper, "
        "so values of different variants cannot be compared",
        weights=EXTRACTORS[extractor],
        domain=domain,
        code=("metrics.pairs", "metrics.distribution", "metrics.frechet", *code_of(extractor)),
        options={"extractor": extractor, "basis": variant},
        **needs,
    )


SPECS = (
    _spec("synthetic", "synthetic", "24 controls of the synthetic regressor", "synthetic"),
    _spec("mp52", "mp", "52 MediaPipe blendshapes", "photo", packages=("mediapipe",)),
)


class EFID(FacePairs, Distribution):
    """Fréchet distance of the Gaussians of expressions, prediction against truth."""

    @staticmethod
    def pick(found: Faces) -> np.ndarray:
        """Expression coefficients [B,E]."""
        return found.expression

    def score(self, prediction: np.ndarray, truth: np.ndarray, frames: np.ndarray) -> MetricResult:
        """Distance of expressions [n,E]."""
        result = self.compare(prediction, truth, frames)
        result.details["basis"] = self.spec.options["basis"]
        return result
