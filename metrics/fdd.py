"""Upper-face dynamics deviation: how much more the true upper face varies than the predicted."""

from __future__ import annotations

import numpy as np

from harness.contracts import PER_SEQUENCE, Column, Failure, MetricResult, MetricSpec
from metrics.common.mesh import UNIT, MeshClip, MeshMetric


def _column(name: str, direction: str, lowest: float | None, summary: str) -> Column:
    return Column(name, direction, f"{UNIT}^2", (lowest, None), summary, PER_SEQUENCE)


SPECS = (
    MetricSpec(
        id="fdd",
        title="Upper-face dynamics deviation",
        entry="metrics.fdd:FDD",
        columns=(
            _column("fdd", "none", None, "signed, truth minus prediction"),
            _column("fdd/abs", "down", 0.0, "absolute value per sequence"),
        ),
        reference="CodeTalker main/cal_metric.py; FaceDiffuser compute_objective_metrics.py (ABS)",
        formula=(
            "mean over sequences of D(g) - D(p), where D(x) = mean over upper-face vertices v of "
            "the standard deviation over t of |x_tv - template_v|^2; fdd/abs: of |D(g) - D(p)|"
        ),
        traps=(
            "Signed in the public code: too much and too little motion cancel between sequences, "
            "and closest to zero is best, not lowest.",
            "It is the standard deviation of the squared norm of motion, although the paper "
            "writes the norm.",
            "Population standard deviation (divided by T), so short sequences are biased low.",
            "The template must be that of the same subject: motion is measured from it.",
            "It measures how much vertices move, not when: a perfect prediction with its frames "
            "shuffled still has an FDD of 0.",
            "Each vertex list gives a different value; the sha256 of the one used is in the "
            "result.",
            "Of several samples, the first is scored, as in ProbTalk3D.",
        ),
        track="mesh",
        signals=("vertices", "template", "regions"),
        predicted=("vertices",),
        options={"region": "upper"},
    ),
)


def dynamics(vertices: np.ndarray, template: np.ndarray) -> float:
    """Mean over vertices of the deviation in time of the squared motion, in the unit squared.

    Vertices float [T,R,3]; template float [R,3], the same vertices at rest.
    """
    motion = np.asarray(vertices, np.float64) - np.asarray(template, np.float64)
    return float(np.square(motion).sum(-1).std(axis=0).mean())


class FDD(MeshMetric):
    """Difference of the upper face's dynamics, one value a sequence."""

    def score(self, mesh: MeshClip) -> MetricResult:
        """Score the first sample."""
        if len(mesh.frames) < 2:
            text = "a single frame has no dynamics"
            return self.nothing(Failure("too_few_frames", text))
        template = mesh.template()
        true = dynamics(mesh.true(mesh.frames), template)
        predicted = dynamics(mesh.first(mesh.frames), template)
        return MetricResult(
            {"fdd": true - predicted, "fdd/abs": abs(true - predicted)},
            len(mesh.frames),
            details={"sample": 0, "dynamics": {"truth": true, "prediction": predicted}},
        )
