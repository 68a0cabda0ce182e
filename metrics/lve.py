"""Lip vertex error, and the same of eyes and forehead: each frame's worst vertex."""

from __future__ import annotations

import numpy as np

from harness.contracts import POOLED, Column, MetricResult, MetricSpec
from metrics.common.mesh import UNIT, MeshClip, PooledMeshMetric
from metrics.common.numerics import mean_result

_TRAPS = (
    "The public code squares the distance although papers write L2: `{id}` is squared, "
    "`{id}/l2` is not.",
    "Each vertex list gives a different value; the sha256 of the one used is in the result.",
    "The unit is the square of the vertices' unit, and BIWI is normalised: the millimetres that "
    "papers report do not follow from it.",
    "All frames of all sequences are pooled: long sequences weigh more, so confidence intervals "
    "leave out sequences, not frames.",
    "Of several samples, the first is scored, as in ProbTalk3D.",
)


def _spec(
    metric: str,
    title: str,
    region: str,
    summary: str,
    reference: str,
    traps: tuple[str, ...] = (),
) -> MetricSpec:
    return MetricSpec(
        id=metric,
        title=title,
        entry="metrics.lve:RegionError",
        columns=(
            Column(metric, "down", f"{UNIT}^2", (0.0, None), f"{summary}, squared", POOLED),
            Column(f"{metric}/l2", "down", UNIT, (0.0, None), f"{summary}, not squared", POOLED),
        ),
        reference=reference,
        formula=(
            f"mean over all frames t of max over {region} vertices v of |p_tv - g_tv|^2; "
            f"{metric}/l2: of |p_tv - g_tv|"
        ),
        traps=(*traps, *(trap.format(id=metric) for trap in _TRAPS)),
        track="mesh",
        signals=("vertices", "regions"),
        predicted=("vertices",),
        options={"region": region},
    )


SPECS = (
    _spec(
        "lve",
        "Lip vertex error",
        "lip",
        "largest error of a lip vertex in each frame",
        reference="CodeTalker main/cal_metric.py; FaceDiffuser compute_objective_metrics.py",
    ),
    _spec(
        "eve",
        "Emotional (upper-face) vertex error",
        "eye",
        "largest error of an eye or forehead vertex in each frame",
        reference="EmoTalk (ICCV 2023): CodeTalker's LVE over the vertices of eyes and forehead",
        traps=(
            "Neither code nor a vertex list was published: values from different papers cannot be "
            "compared.",
        ),
    ),
)


def worst_squared(prediction: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Largest squared distance of a frame's vertices, float64 [...,T].

    Prediction float [...,T,R,3] and truth float [T,R,3], vertices of the region.
    """
    difference = np.asarray(prediction, np.float64) - np.asarray(truth, np.float64)
    return np.square(difference).sum(-1).max(-1)


class RegionError(PooledMeshMetric):
    """The worst vertex of a region in each frame, averaged over frames."""

    def score(self, mesh: MeshClip) -> MetricResult:
        """Score the first sample."""
        squared = np.concatenate(
            [worst_squared(mesh.first(block), mesh.true(block)) for block in mesh.blocks()]
        )
        plain = f"{self.spec.id}/l2"
        return mean_result({self.spec.id: squared, plain: np.sqrt(squared)}, details={"sample": 0})
