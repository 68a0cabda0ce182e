"""The block bootstrap: agreement with scipy on independent items, honesty on correlated ones."""

from __future__ import annotations

import numpy as np
from scipy import signal, stats

from reports.statistics import block_bootstrap_interval


def test_equals_the_normal_interval_on_independent_items():
    values = np.random.default_rng(0).normal(10, 2, 2000)
    low, high = block_bootstrap_interval([values], block=1, resamples=4000)
    expected = stats.norm.interval(0.95, values.mean(), values.std(ddof=1) / np.sqrt(len(values)))
    np.testing.assert_allclose([low, high], expected, atol=0.02)


def test_covers_correlated_items_where_the_plain_interval_does_not():
    rng = np.random.default_rng(1)
    covered = {1: 0, 40: 0}
    for _ in range(150):
        noise = rng.standard_normal(1200 + 200)
        values = signal.lfilter([1.0], [1.0, -0.9], noise)[200:]
        for block in covered:
            low, high = block_bootstrap_interval([values], block, resamples=300, seed=2)
            covered[block] += low <= 0 <= high
    assert covered[40] >= 0.85 * 150
    assert covered[1] <= 0.6 * 150


def test_is_deterministic_and_ignores_failed_items():
    values = np.random.default_rng(3).normal(size=300)
    holes = np.concatenate([values, [np.nan] * 5])
    first = block_bootstrap_interval([values], 10)
    assert first == block_bootstrap_interval([values], 10)
    assert first == block_bootstrap_interval([holes], 10)


def test_says_nothing_of_too_few_items():
    assert block_bootstrap_interval([np.arange(50.0)], block=25) is None
