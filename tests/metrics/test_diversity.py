import math

import numpy as np
import pytest
from meshes import mesh_clip, scored, sequence, values

from harness.testing import check_mesh_metric
from metrics import catalog
from metrics.diversity import SAMPLES, random_pairs

FACEDIFFUSER, PROBTALK = "diversity/facediffuser", "diversity/probtalk3d"


def samples(count, frames=7, seed=1):
    return np.stack([sequence(100 * seed + s, frames) for s in range(count)])


def distance(a, b):
    found = [
        math.dist(a[t, v].tolist(), b[t, v].tolist())
        for t in range(len(a))
        for v in range(a.shape[1])
    ]
    return sum(found) / len(found)


@pytest.mark.parametrize("count", [2, 3, 6])
def test_facediffuser_is_the_mean_over_all_pairs(count):
    given = samples(count, frames=19)
    total = 0.0
    for i in range(count - 1):
        for j in range(i + 1, count):
            total += distance(given[i], given[j])
    expected = total / ((count - 1) * count / 2)
    assert values(FACEDIFFUSER, given)[FACEDIFFUSER] == pytest.approx(expected)


def test_probtalk3d_is_the_mean_over_five_disjoint_pairs():
    given = samples(SAMPLES)
    result = scored(PROBTALK, mesh_clip(given))
    pairs = result.details["pairs"]
    assert sorted(s for pair in pairs for s in pair) == list(range(SAMPLES))
    expected = sum(distance(given[i], given[j]) for i, j in pairs) / 5
    assert result.values[PROBTALK] == pytest.approx(expected)


def test_pairs_are_the_same_each_time_and_shuffled():
    pairs = random_pairs(SAMPLES)
    assert pairs == random_pairs(SAMPLES)
    assert pairs != [(i, i + 5) for i in range(5)]


def test_both_definitions_have_one_expectation():
    """Over orders of the same samples, the five pairs average to the mean over all pairs."""
    given = samples(SAMPLES, frames=2)
    every = values(FACEDIFFUSER, given)[FACEDIFFUSER]
    rng = np.random.default_rng(5)
    drawn = [values(PROBTALK, given[rng.permutation(SAMPLES)])[PROBTALK] for _ in range(200)]
    assert np.std(drawn) > 0
    assert abs(np.mean(drawn) - every) < 4 * np.std(drawn) / 200**0.5


@pytest.mark.parametrize("metric", [FACEDIFFUSER, PROBTALK])
def test_equal_samples_have_none_and_scale_goes_through(metric):
    given = samples(SAMPLES)
    assert values(metric, np.repeat(given[:1], SAMPLES, 0)) == {metric: 0}
    twice = values(metric, 2 * given)[metric]
    assert twice == pytest.approx(2 * values(metric, given)[metric], rel=1e-6)
    moved = given + np.float32(3)
    assert values(metric, moved)[metric] == pytest.approx(values(metric, given)[metric], rel=1e-5)


def test_pools_sequences_and_not_frames():
    metric = catalog.build(FACEDIFFUSER)
    results = [
        scored(metric, mesh_clip(samples(3, 4))),
        scored(metric, mesh_clip(5 * samples(3, 40, seed=2))),
        scored(metric, mesh_clip(samples(1, 4))),  # the public code passes over these
    ]
    expected = (results[0].values[FACEDIFFUSER] + results[1].values[FACEDIFFUSER]) / 2
    assert metric.pool(results)[FACEDIFFUSER] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("metric", "count", "kind"),
    [
        (FACEDIFFUSER, 1, "too_few_samples"),
        (PROBTALK, 1, "too_few_samples"),
        (PROBTALK, 9, "too_few_samples"),
        (PROBTALK, 12, "too_many_samples"),
    ],
)
def test_another_number_of_samples_has_no_value(metric, count, kind):
    result = scored(metric, mesh_clip(samples(count)))
    assert result.values == {metric: None}
    assert [f.type for f in result.failures] == [kind]
    assert f"{count} samples" in result.failures[0].message or count == 1


def test_a_frame_lost_in_one_sample_is_lost():
    given = samples(3)
    given[1, 4, 0, 0] = np.nan
    result = scored(FACEDIFFUSER, mesh_clip(given))
    keep = [0, 1, 2, 3, 5, 6]
    assert result.values == values(FACEDIFFUSER, given[:, keep])
    assert [f.item for f in result.failures] == [4]


@pytest.mark.parametrize("metric", [FACEDIFFUSER, PROBTALK])
def test_conforms(metric):
    check_mesh_metric(catalog.build(metric), mesh_clip(samples(SAMPLES), sequence(1)))
