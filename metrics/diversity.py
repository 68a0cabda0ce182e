"""Diversity of several predictions of one sequence, in the two definitions of the field."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from harness.contracts import Column, Failure, MetricResult, MetricSpec
from metrics.common.mesh import UNIT, MeshClip, MeshMetric
from metrics.common.numerics import mean_result
from metrics.mve import mean_distance

#: ProbTalk3D draws so many samples of each sequence and refuses any other number.
SAMPLES = 10

#: Seed of the shuffle that makes pairs: ProbTalk3D draws them from NumPy's global state, so
#: that its pairs depend on everything drawn before. Here the same S gives the same pairs.
PAIRING_SEED = 0

_TRAPS = (
    "It ignores the ground truth: noise is diverse. Read it together with LVE.",
    "Two definitions share one name: FaceDiffuser's is over style conditions, ProbTalk3D's over "
    "random samples of one condition.",
    "Not squared, unlike LVE.",
    "Mean over sequences, regardless of their length.",
)


def _spec(variant: str, title: str, summary: str, **fields: Any) -> MetricSpec:
    name = f"diversity/{variant}"
    traps = (*fields.pop("traps"), *_TRAPS)
    return MetricSpec(
        id=name,
        title=title,
        columns=(Column(name, "up", UNIT, (0.0, None), summary),),
        traps=traps,
        track="mesh",
        predicted=("vertices",),
        **fields,
    )


SPECS = (
    _spec(
        "facediffuser",
        "Diversity over style conditions",
        "mean distance of all pairs of conditions",
        entry="metrics.diversity:AllPairs",
        reference="FaceDiffuser compute_objective_metrics.py, compute_diversity",
        formula=(
            "mean over sequences of the mean over all pairs i < j of conditions of the mean over "
            "frames and vertices of |p_i - p_j|"
        ),
        traps=("FaceDiffuser applies the training styles to speakers outside the training set.",),
    ),
    _spec(
        "probtalk3d",
        "Diversity over random samples",
        "mean distance of five random pairs of ten samples",
        entry="metrics.diversity:RandomPairs",
        reference="ProbTalk3D evaluation.py",
        formula=(
            "mean over sequences of the mean over 5 disjoint random pairs of 10 samples of the "
            "mean over frames and vertices of |p_i - p_j|"
        ),
        traps=(
            "ProbTalk3D shuffles from an unrecorded random state; here the seed is fixed and the "
            "pairs are recorded in the result.",
            "Its expectation is the mean over all pairs; its variance is higher.",
        ),
    ),
)


def random_pairs(count: int) -> list[tuple[int, int]]:
    """Disjoint pairs: the halves of a seeded shuffle of an even `count`, member by member."""
    order = np.random.default_rng(PAIRING_SEED).permutation(count).tolist()
    return list(zip(order[: count // 2], order[count // 2 :], strict=True))


class AllPairs(MeshMetric):
    """Mean distance of all pairs of predictions of one sequence."""

    def pairs(self, count: int) -> list[tuple[int, int]] | Failure:
        """Which of `count` predictions are compared."""
        if count < 2:
            return Failure(
                "too_few_samples", "only one prediction was given; at least two are needed"
            )
        return list(itertools.combinations(range(count), 2))

    def score(self, mesh: MeshClip) -> MetricResult:
        """Score all samples; the items are frames, averaged over pairs."""
        pairs = self.pairs(len(mesh.samples))
        if isinstance(pairs, Failure):
            return self.nothing(pairs)
        scores = []
        for block in mesh.blocks():
            samples = mesh.every(block)
            scores.append(np.mean([mean_distance(samples[i], samples[j]) for i, j in pairs], 0))
        details = {"pairs": [list(pair) for pair in pairs]}
        return mean_result({self.spec.id: np.concatenate(scores)}, details=details)


class RandomPairs(AllPairs):
    """Mean distance of five disjoint pairs of ten samples."""

    def pairs(self, count: int) -> list[tuple[int, int]] | Failure:
        """Five pairs, the same for every sequence."""
        if count != SAMPLES:
            text = f"{count} samples were given; the definition requires {SAMPLES}"
            kind = "too_few_samples" if count < SAMPLES else "too_many_samples"
            return Failure(kind, text)
        return random_pairs(count)
