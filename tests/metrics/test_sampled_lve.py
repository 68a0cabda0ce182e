import numpy as np
import pytest
from meshes import mesh_clip, scored, sequence, values

from harness.testing import check_mesh_metric
from metrics import catalog

LIPS = [1, 4, 15]


def noisy(truth, count=10, seed=9):
    """Samples of unequal quality; the best is not the first."""
    rng = np.random.default_rng(seed)
    scales = rng.permutation(np.linspace(0.5, 2, count))
    noise = rng.normal(size=(count, *truth.shape)) * scales[:, None, None, None]
    return (truth + noise).astype(np.float32)


def by_loops(clips):
    """MEE and CE of (samples, truth) sequences."""

    def worst(p, g, t):
        return max(
            sum((float(p[t, v, k]) - float(g[t, v, k])) ** 2 for k in range(3)) for v in LIPS
        )

    mee, ce = [], []
    for samples, truth in clips:
        frames = range(len(truth))
        middle = samples.astype(np.float64).mean(0)
        mee += [worst(middle, truth, t) for t in frames]
        errors = [[worst(s, truth, t) for t in frames] for s in samples]
        ce += min(errors, key=sum)
    return {"mee": pytest.approx(sum(mee) / len(mee)), "ce": pytest.approx(sum(ce) / len(ce))}


def test_equals_loops():
    truth = sequence(1, 20)
    samples = noisy(truth)
    result = scored("mee_ce", mesh_clip(samples, truth, lip=LIPS))
    assert result.values == by_loops([(samples, truth)])
    best = result.details["nearest_sample"]
    assert best != 0
    assert result.values["ce"] == values("lve", samples[best], truth, lip=LIPS)["lve"]


def test_pools_all_frames():
    clips = [(noisy(sequence(1, 3)), sequence(1, 3)), (9 * noisy(sequence(2, 11)), sequence(2, 11))]
    metric = catalog.build("mee_ce")
    results = [scored(metric, mesh_clip(s, g, lip=LIPS)) for s, g in clips]
    assert metric.pool(results) == by_loops(clips)


def test_the_nearest_sample_is_chosen_for_the_clip_and_not_for_each_frame():
    truth = np.zeros((2, 20, 3), np.float32)
    samples = np.zeros((2, 2, 20, 3), np.float32)
    samples[0, 0, 1, 0], samples[1, 1, 1, 0] = 3, 2
    assert values("mee_ce", samples, truth, lip=LIPS)["ce"] == 4 / 2


def test_samples_around_the_truth_cancel_in_the_mean():
    truth = sequence(1).astype(np.float64)
    samples = np.stack([truth + 1, truth - 1])
    found = values("mee_ce", samples, truth)
    assert found == {"mee": pytest.approx(0, abs=1e-12), "ce": pytest.approx(3)}


def test_a_sample_equal_to_the_truth_covers_it():
    truth = sequence(1)
    samples = noisy(truth)
    samples[7] = truth
    result = scored("mee_ce", mesh_clip(samples, truth))
    assert result.values["ce"] == 0
    assert result.details["nearest_sample"] == 7
    assert not result.warnings


def test_one_sample_has_no_value_and_few_are_said():
    truth = sequence(1)
    result = scored("mee_ce", mesh_clip(truth + 1, truth))
    assert result.values == {"mee": None, "ce": None}
    assert [f.type for f in result.failures] == ["too_few_samples"]
    assert "3 samples" in scored("mee_ce", mesh_clip(noisy(truth, 3), truth)).warnings[0]


def test_conforms():
    truth = sequence(1)
    check_mesh_metric(catalog.build("mee_ce"), mesh_clip(noisy(truth), truth))
