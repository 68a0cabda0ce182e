"""Mean vertex error: the mean distance of all vertices."""

from __future__ import annotations

import numpy as np

from harness.contracts import POOLED, Column, MetricResult, MetricSpec
from metrics.common.mesh import UNIT, MeshClip, PooledMeshMetric
from metrics.common.numerics import mean_result

SPECS = (
    MetricSpec(
        id="mve",
        title="Mean vertex error",
        entry="metrics.mve:MVE",
        columns=(
            Column("mve", "down", UNIT, (0.0, None), "mean distance of all vertices", POOLED),
        ),
        reference="FaceDiffuser compute_objective_metrics.py; ProbTalk3D evaluation.py",
        formula="mean over all frames t and all vertices v of |p_tv - g_tv|",
        traps=(
            "Not squared, unlike LVE in the same papers.",
            "All vertices count: a scan with neck, scalp and eyeballs dilutes the face.",
            "Head motion dominates it unless it is removed.",
            "All frames of all sequences are pooled: long sequences weigh more, so confidence "
            "intervals leave out sequences, not frames.",
            "Of several samples, the first is scored, as in ProbTalk3D.",
        ),
        track="mesh",
        signals=("vertices",),
        predicted=("vertices",),
    ),
)


def mean_distance(prediction: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Mean distance of a frame's vertices float [...,V,3], in their unit: float64 [...]."""
    difference = np.asarray(prediction, np.float64) - np.asarray(truth, np.float64)
    return np.sqrt(np.square(difference).sum(-1)).mean(-1)


class MVE(PooledMeshMetric):
    """Mean distance over vertices and frames."""

    def score(self, mesh: MeshClip) -> MetricResult:
        """Score the first sample."""
        distance = np.concatenate(
            [mean_distance(mesh.first(block), mesh.true(block)) for block in mesh.blocks()]
        )
        return mean_result({"mve": distance}, details={"sample": 0})
