"""The intervals of one row: agreement with scipy, honesty on correlated items."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal, stats

from reports.statistics import Series, block_bootstrap_interval, estimate


def test_three_blocks_give_students_interval_of_the_blocks():
    values = np.random.default_rng(0).normal(10, 2, 30)
    low, high = block_bootstrap_interval([values], 10)
    rolled = np.stack([np.roll(values, -k)[:10].mean() for k in range(30)])
    half = stats.t.ppf(0.975, 2) * rolled.std() / np.sqrt(2)
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half))


def test_one_recording_has_the_interval_that_estimate_gives():
    values = np.random.default_rng(5).normal(size=500)
    found = estimate([Series("a", values)], 25)
    low, high = block_bootstrap_interval([values], 25, resamples=10_000)
    assert (low, high) == pytest.approx((found.low, found.high))


def test_many_recordings_give_nearly_the_normal_interval_of_independent_items():
    rng = np.random.default_rng(1)
    recordings = [rng.normal(rng.normal(0, 50), 2, 600) for _ in range(40)]
    low, high = block_bootstrap_interval(recordings, 1, resamples=4000)
    half = 1.96 * 2 / np.sqrt(40 * 600)  # of these recordings: their own spread is not in it
    assert (high - low) / 2 == pytest.approx(half, rel=0.15)
    assert (high + low) / 2 == pytest.approx(np.mean([r.mean() for r in recordings]))


@pytest.mark.parametrize("recordings", [1, 3])
def test_covers_correlated_items_where_the_plain_interval_does_not(recordings):
    rng = np.random.default_rng(1)
    held = {"ours": 0, "plain": 0}
    for _ in range(200):
        noise = rng.standard_normal((recordings, 400 + 200))
        values = signal.lfilter([1.0], [1.0, -0.9], noise)[:, 200:]
        low, high = block_bootstrap_interval(list(values), 25, resamples=300, seed=2)
        held["ours"] += low <= 0 <= high
        held["plain"] += abs(values.mean()) <= 1.96 * values.std() / np.sqrt(values.size)
    least = stats.binom.ppf(0.001, 200, 0.95)
    assert held["ours"] >= least
    assert held["plain"] <= 0.6 * 200


def test_is_deterministic_and_ignores_failed_items():
    values = np.random.default_rng(3).normal(size=300)
    holes = np.concatenate([values, [np.nan] * 5])
    first = block_bootstrap_interval([values], 10)
    assert first == block_bootstrap_interval([values], 10)
    assert first == block_bootstrap_interval([holes], 10)
    assert block_bootstrap_interval([np.full(90, 2.0)], 10) == (2.0, 2.0)


def test_says_nothing_of_too_few_items():
    assert block_bootstrap_interval([np.arange(50.0)], block=25) is None
