"""A metric that compares the distributions of two sets of feature vectors."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from harness.contracts import POOLED, Column, Failure, Metric, MetricResult
from metrics.common.frechet import frechet_distance, sample_warning

SIDES = ("prediction", "truth")

#: What makes two Fréchet distances over the same features differ.
TRAPS = (
    "Biased upwards by up to tr(S) (d + 4) / 2n: the same system scores lower on a longer test.",
    "Quadratic in the feature scale: scaling the features by c scales the value by c^2.",
    "The mean of per-sequence distances is not the distance over all samples; tables show the "
    "latter.",
    "Consecutive frames are correlated, so n overstates the number of independent samples.",
)


def frechet_columns(name: str, of: str) -> tuple[Column]:
    """The one column of a metric that is the Fréchet distance of those features."""
    return (Column(name, "down", "", (0.0, None), f"Fréchet distance of {of}", POOLED),)


class Distribution(Metric):
    """Fréchet distance of the Gaussians of features, prediction against truth.

    A sequence's value compares its own samples; `pool` compares all samples of all sequences
    ("global"), which is the value for a table: a mean of sequences would average small-sample
    bias. That bias falls with the number of samples, so the runner restricts the rows of one
    table to the samples that all of them could score.

    Attributes:
        samples: what one sample is, in words.
        ddof: covariances are divided by n - ddof.

    """

    pooling = "global: all samples of all sequences"
    equal_n = True
    samples: ClassVar[str] = "frames"
    ddof: ClassVar[int] = 1

    def compare(
        self, prediction: np.ndarray, truth: np.ndarray, frames: np.ndarray
    ) -> MetricResult:
        """Compare features of the samples that both sides have, float [n,d] each.

        `frames`, int [n], says where in the sequence each sample comes from.
        """
        name = self.spec.columns[0].name
        n, dim = truth.shape
        result = MetricResult(
            {name: None},
            n,
            details={
                "dim": dim,
                "n": n,
                "samples": self.samples,
                "pooling": "global",
                "covariance": f"divided by n - {self.ddof}" if self.ddof else "divided by n",
            },
            features={"prediction": prediction, "truth": truth, "frames": np.asarray(frames)},
        )
        if n < 2:
            message = f"{n} {self.samples} are too few for a covariance"
            result.failures.append(Failure("too_few_samples", message))
            return result
        result.values = {name: frechet_distance(prediction, truth, self.ddof)}
        if warning := sample_warning(n, dim, self.samples):
            result.warnings.append(warning)
        return result

    def restrict(self, result: MetricResult, frames: np.ndarray) -> MetricResult:
        """The distance over the given frames alone."""
        kept = np.isin(result.features["frames"], frames)
        if kept.all():
            return result
        parts = (result.features[key][kept] for key in (*SIDES, "frames"))
        fewer = self.compare(*parts)
        fewer.failures = result.failures + fewer.failures
        fewer.details = result.details | fewer.details
        return fewer

    def pool(self, results: list[MetricResult]) -> dict[str, float | None]:
        """The distance over all samples of all sequences."""
        name = self.spec.columns[0].name
        kept = [r.features for r in results if "truth" in r.features]
        if sum(len(f["truth"]) for f in kept) < 2:
            return {name: None}
        prediction, truth = (np.concatenate([f[side] for f in kept]) for side in SIDES)
        return {name: frechet_distance(prediction, truth, self.ddof)}
