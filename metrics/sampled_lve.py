"""Lip vertex error of a stochastic method: of its mean (MEE) and of its best sample (CE)."""

from __future__ import annotations

import numpy as np

from harness.contracts import POOLED, Column, Failure, MetricResult, MetricSpec
from metrics.common.mesh import UNIT, MeshClip, PooledMeshMetric
from metrics.common.numerics import mean_result
from metrics.lve import worst_squared

#: How many samples of each sequence ProbTalk3D draws.
SAMPLES = 10


def _column(name: str, summary: str) -> Column:
    return Column(name, "down", f"{UNIT}^2", (0.0, None), summary, POOLED)


SPECS = (
    MetricSpec(
        id="mee_ce",
        title="Mean estimate error and coverage error",
        entry="metrics.sampled_lve:SampledLVE",
        columns=(
            _column("mee", "LVE of the mean of all samples"),
            _column("ce", "LVE of the sample nearest the truth"),
        ),
        reference="ProbTalk3D evaluation.py",
        formula=(
            "mee: mean over all frames of max over lip vertices of |mean_s p_s - g|^2; "
            "ce: of |p_s* - g|^2, where s* is the sample with the least sum over frames"
        ),
        traps=(
            f"ProbTalk3D draws {SAMPLES} samples; CE falls with their number, so only equal "
            "numbers can be compared.",
            "The mean mesh is smoother than any sample: a low MEE does not imply that any single "
            "animation is good.",
            "CE selects the sample by the ground truth, so it is a bound, not an achievable "
            "performance.",
            "Both are squared and pooled over all frames of all sequences: long sequences weigh "
            "more, so confidence intervals leave out sequences, not frames.",
        ),
        track="mesh",
        signals=("vertices", "regions"),
        predicted=("vertices",),
        options={"region": "lip"},
    ),
)


class SampledLVE(PooledMeshMetric):
    """LVE of the mean sample, and of the sample that is nearest to the truth over the sequence."""

    def score(self, mesh: MeshClip) -> MetricResult:
        """Score several samples of one sequence."""
        count = len(mesh.samples)
        if count < 2:
            text = "only one prediction was given; several samples of the sequence are needed"
            return self.nothing(Failure("too_few_samples", text))
        of_mean, of_each = [], []
        for block in mesh.blocks():
            samples, truth = mesh.every(block), mesh.true(block)
            of_mean.append(worst_squared(samples.mean(0), truth))
            of_each.append(worst_squared(samples, truth))
        errors = np.concatenate(of_each, axis=1)
        chosen = int(errors.sum(1).argmin())
        items = {"mee": np.concatenate(of_mean), "ce": errors[chosen]}
        warnings = []
        if count != SAMPLES:
            warnings.append(f"{count} samples: CE depends on their number, papers use {SAMPLES}")
        return mean_result(items, warnings=warnings, details={"nearest_sample": chosen})
