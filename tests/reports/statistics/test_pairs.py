"""Pairs: the same sequence and item, or no pair."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from harness.contracts import BadInput
from reports.statistics import estimate, paired


def test_only_what_both_have_is_paired():
    pairs = paired(
        {"x": np.array([1.0, np.nan, 3.0]), "only": np.ones(2)},
        {"x": np.array([0.5, 1.0, np.nan]), "other": np.ones(2)},
        {"x": {"subject": "anna"}},
    )
    assert [s.sequence for s in pairs.series] == ["x"]
    assert pairs.series[0].subject == "anna"
    np.testing.assert_array_equal(pairs.series[0].values, [-0.5, np.nan, np.nan])
    assert pairs.n == 1
    assert (pairs.only_a, pairs.only_b) == (("only",), ("other",))


def test_unequal_lengths_are_refused():
    with pytest.raises(BadInput, match="x has 3 items in A and 2 in B"):
        paired({"x": np.ones(3)}, {"x": np.ones(2)}, {})


def rows(subjects, seed=0):
    rng = np.random.default_rng(seed)
    a = {f"r{i}": rng.normal(i, 1, 40) for i in range(subjects)}
    b = {name: values - rng.normal(0.5, 0.7) for name, values in a.items()}
    return a, b, {name: {"subject": name} for name in a}


@pytest.mark.parametrize("subjects", [2, 3])
def test_few_subjects_equal_the_paired_t_test(subjects):
    a, b, facts = rows(subjects)
    found = estimate(paired(b, a, facts).series, 10)
    theirs = stats.ttest_rel(*([v.mean() for v in row.values()] for row in (a, b)))
    assert found.p == pytest.approx(theirs.pvalue)
    assert (found.low, found.high) == pytest.approx(theirs.confidence_interval(0.95))


def test_p_agrees_with_the_sign_flips_of_subjects():
    for seed in range(4):
        a, b, facts = rows(16, seed)
        found = estimate(paired(b, a, facts).series, 10)
        d = np.array([a[n].mean() - b[n].mean() for n in a])
        flips = stats.permutation_test(
            (d,), np.mean, permutation_type="samples", n_resamples=9999, rng=0
        )
        assert found.p == pytest.approx(flips.pvalue, abs=0.03)
