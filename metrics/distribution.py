"""A metric that compares the distributions of two sets of feature vectors."""

from __future__ import annotations

import numpy as np

from harness.contracts import Failure, Metric, MetricResult
from metrics.frechet import frechet_distance, sample_warning

SIDES = ("prediction", "truth")


class Distribution(Metric):
    """Fréchet distance of the Gaussians of features, prediction against truth.

    A clip's value compares its own samples; `pool` compares all samples of all clips at once
    ("global"), which is the value for a table: a mean of clips would average small-sample
    bias. That bias falls with the number of samples, so the runner restricts the rows of one
    table to the samples that all of them could score.
    """

    pooling = "global: all samples of all clips"
    equal_n = True

    def compare(
        self, prediction: np.ndarray, truth: np.ndarray, frames: np.ndarray
    ) -> MetricResult:
        """Compare features of the samples that both sides have.

        Args:
            prediction: float [n,d].
            truth: float [n,d].
            frames: int [n], where in the clip each sample comes from.

        """
        name = self.spec.columns[0].name
        n, dim = truth.shape
        result = MetricResult(
            {name: None},
            n,
            details={"dim": dim, "n": n, "pooling": "global"},
            features={"prediction": prediction, "truth": truth, "frames": np.asarray(frames)},
        )
        if n < 2:
            result.failures.append(Failure("too_few_samples", f"{n} samples have no covariance"))
            return result
        result.values[name] = frechet_distance(prediction, truth)
        if warning := sample_warning(n, dim):
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
        """The distance over all samples of all clips."""
        name = self.spec.columns[0].name
        kept = [r.features for r in results if "truth" in r.features]
        if sum(len(f["truth"]) for f in kept) < 2:
            return {name: None}
        sides = (np.concatenate([f[side] for f in kept]) for side in SIDES)
        return {name: frechet_distance(*sides)}
