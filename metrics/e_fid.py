"""E-FID: Fréchet distance of expression coefficients of rendered and true frames."""

from __future__ import annotations

import numpy as np

from harness.contracts import Column, Failure, MetricResult, MetricSpec
from metrics.faces import EXTRACTORS, Faces
from metrics.frechet import frechet_distance, sample_warning
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
        weights=(EXTRACTORS[extractor],),
        domain=domain,
        code=("metrics.pairs", "metrics.faces", "metrics.frechet"),
        options={"extractor": extractor, "basis": variant},
        **needs,
    )


SPECS = (
    _spec("synthetic", "synthetic", "24 controls of the synthetic regressor", "synthetic"),
    _spec("mp52", "mp", "52 MediaPipe blendshapes", "photo", packages=("mediapipe",)),
)


class EFID(FacePairs):
    """Fréchet distance of the Gaussians of expressions, prediction against truth.

    A clip's value compares its own frames; `pool` compares all frames of all clips at once
    ("global"), which is the value for a table: a mean of clips would average small-sample bias.
    """

    pooling = "global: all frames of all clips"

    @staticmethod
    def pick(found: Faces) -> np.ndarray:
        """Expression coefficients [B,E]."""
        return found.expression

    def score(self, prediction: np.ndarray, truth: np.ndarray) -> MetricResult:
        """Distance of expressions [n,E]."""
        name = self.spec.columns[0].name
        n, dim = truth.shape
        result = MetricResult(
            {name: None},
            n,
            details={"dim": dim, "basis": self.spec.options["basis"], "pooling": "global"},
            features={"prediction": prediction, "truth": truth},
        )
        if n < 2:
            result.failures.append(Failure("too_few_frames", f"{n} frame has no covariance"))
            return result
        result.values[name] = frechet_distance(prediction, truth)
        if warning := sample_warning(n, dim):
            result.warnings.append(warning)
        return result

    def pool(self, results: list[MetricResult]) -> dict[str, float | None]:
        """The distance over all frames of all clips."""
        name = self.spec.columns[0].name
        kept = [r.features for r in results if "truth" in r.features]
        if sum(len(f["truth"]) for f in kept) < 2:
            return {name: None}
        sides = (np.concatenate([f[side] for f in kept]) for side in ("prediction", "truth"))
        return {name: frechet_distance(*sides)}
