"""The interval of one sequence: agreement with scipy, honesty on correlated items."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal, stats

from reports.statistics import Series, estimate


def interval(values, block, **options):
    found = estimate([Series("a", values)], block, **options)
    return found.low, found.high


def test_three_blocks_give_students_interval_of_the_blocks():
    values = np.random.default_rng(0).normal(10, 2, 30)
    rolled = np.stack([np.roll(values, -k)[:10].mean() for k in range(30)])
    half = stats.t.ppf(0.975, 2) * rolled.std() / np.sqrt(2)
    expected = (values.mean() - half, values.mean() + half)
    assert interval(values, 10) == pytest.approx(expected)


def test_covers_correlated_items_where_the_plain_interval_does_not():
    rng = np.random.default_rng(1)
    held = {"ours": 0, "plain": 0}
    for _ in range(200):
        values = signal.lfilter([1.0], [1.0, -0.9], rng.standard_normal(600))[200:]
        low, high = interval(values, 25, resamples=300, seed=2)
        held["ours"] += low <= 0 <= high
        held["plain"] += abs(values.mean()) <= 1.96 * values.std() / np.sqrt(values.size)
    least = stats.binom.ppf(0.001, 200, 0.95)
    assert held["ours"] >= least
    assert held["plain"] <= 0.6 * 200


def test_is_deterministic_and_ignores_failed_items():
    values = np.random.default_rng(3).normal(size=300)
    holes = np.concatenate([values, [np.nan] * 5])
    first = interval(values, 10)
    assert first == interval(values, 10)
    assert first == interval(holes, 10)
    assert interval(np.full(90, 2.0), 10) == (2.0, 2.0)


def test_says_nothing_of_too_few_items():
    assert interval(np.arange(50.0), block=25) == (None, None)


@pytest.mark.parametrize("sequences", [1, 2, 6])
def test_a_difference_that_only_rounding_varies_is_exact(sequences):
    """Two methods a constant apart: the items differ in their last bits, the interval has none.

    Two sequences that agree exactly are one chance in two: no interval.
    """
    rng = np.random.default_rng(4)
    first = [rng.normal(30, 3, 200) for _ in range(sequences)]
    series = [Series(str(k), (one + 0.1) - one) for k, one in enumerate(first)]
    found = estimate(series, 25)
    assert 0 < max(np.ptp(one.values) for one in series) < 1e-13
    assert found.p == 2.0 ** (1 - found.clusters)  # as signs would have it
    if sequences == 2:
        assert found.low is found.high is None
    else:
        assert found.low == found.high == pytest.approx(0.1)


@pytest.mark.parametrize("clusters", [4, 8, 12])
def test_clusters_that_are_mostly_equal_have_an_interval_of_numbers(clusters):
    """A flag that one sequence raises: most draws of clusters have no spread at all."""
    values = [0.0] * (clusters - 1) + [1.0]
    found = estimate([Series(str(k), np.full(50, v)) for k, v in enumerate(values)], 25)
    theirs = stats.ttest_1samp(values, 0)
    low, high = theirs.confidence_interval()
    assert (found.low, found.high, found.p) == pytest.approx((low, high, theirs.pvalue))
