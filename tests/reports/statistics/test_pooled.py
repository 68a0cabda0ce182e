"""The jackknife of pooled values: identities, agreement with scipy, what is never claimed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from reports.statistics import Pooled, estimate_pooled, parts
from reports.statistics.pooled import MOST_PARTS, SEEDS, SEQUENCES, SUBJECTS, jackknife_error


def left_out(statistic, samples):
    """The statistic without each sample."""
    return {str(i): float(statistic(np.delete(samples, i))) for i in range(len(samples))}


def pooled(statistic, samples, level=SEQUENCES):
    return Pooled(float(statistic(samples)), left_out(statistic, samples), level)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-1e3, 1e3), min_size=5, max_size=12).filter(lambda x: np.ptp(x) > 1e-3))
def test_of_a_mean_it_is_students_interval(values):
    values = np.array(values)
    found = estimate_pooled(pooled(np.mean, values))
    theirs = stats.ttest_1samp(values, 0.0)
    expected = theirs.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx(tuple(expected), rel=1e-6, abs=1e-6)
    assert found.p == pytest.approx(theirs.pvalue, rel=1e-4, abs=1e-9)
    assert found.error == pytest.approx(stats.sem(values), rel=1e-6)
    assert (found.level, found.clusters) == (SEQUENCES, len(values))


def test_of_a_difference_of_means_it_is_the_paired_t_test():
    rng = np.random.default_rng(0)
    a = rng.normal(5, 2, 9)
    b = a + rng.normal(0.3, 0.2, 9)
    found = estimate_pooled(pooled(np.mean, b) - pooled(np.mean, a))
    theirs = stats.ttest_rel(b, a)
    assert found.p == pytest.approx(theirs.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(theirs.confidence_interval(0.95)))
    alone = estimate_pooled(pooled(np.mean, b))
    assert found.error < 0.3 * alone.error  # pairing takes away what both rows share


def test_error_of_a_curved_statistic_is_that_of_the_delta_method_and_the_bootstrap():
    rng = np.random.default_rng(1)
    samples = rng.exponential(2.0, 200)
    found = jackknife_error(np.array(list(left_out(lambda x: np.log(x.mean()), samples).values())))
    assert found == pytest.approx(stats.sem(samples) / samples.mean(), rel=0.02)
    theirs = stats.bootstrap((samples,), lambda x, axis: np.log(x.mean(axis)), random_state=0)
    assert found == pytest.approx(theirs.standard_error, rel=0.05)


def test_seeds_tell_their_spread_where_nothing_was_left_out():
    a = Pooled(2.0, by_seed={"0": 1.8, "1": 2.1, "2": 2.1})
    b = Pooled(1.5, by_seed={"1": 1.6, "2": 1.5, "0": 1.4})
    found = estimate_pooled(a - b)
    theirs = stats.ttest_rel([1.8, 2.1, 2.1], [1.4, 1.6, 1.5])
    assert found.level == SEEDS
    assert found.p == pytest.approx(theirs.pvalue)
    # The value of four trainings is no centre for the spread of three of them.
    four = Pooled(3.375, by_seed={**b.by_seed, "7": 9.0})
    assert (estimate_pooled(a - four).value, estimate_pooled(a - four).low) == (-1.375, None)
    both = Pooled(2.0, left_out(np.mean, np.arange(6.0)), SEQUENCES, {"0": 1.0, "1": 2.0, "2": 3})
    assert estimate_pooled(both).level == SEQUENCES


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (Pooled(1.0), "nothing stored"),
        (Pooled(1.0, left_out(np.mean, np.arange(4.0)), SEQUENCES), "four sequences"),
        (Pooled(1.0, left_out(np.mean, np.arange(3.0)), SUBJECTS), "three subjects"),
        (Pooled(1.0, by_seed={"0": 1.0, "1": 2.0}), "two seeds"),
        (Pooled(1.0, left_out(np.mean, np.full(6, 1.0)), SEQUENCES), "no spread"),
        (Pooled(1.0, by_seed=dict.fromkeys("012", 1.0)), "a method without training noise"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_nothing_is_claimed_from_too_little(value, reason):
    found = estimate_pooled(value)
    assert (found.low, found.high, found.p, found.level) == (None, None, None, "none"), reason
    assert found.value == 1.0


def test_equal_rows_differ_by_nothing():
    one = pooled(np.std, np.random.default_rng(2).normal(size=8))
    found = estimate_pooled(one - one)
    assert (found.value, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 1.0)


def test_rows_that_left_out_other_parts_are_not_paired():
    samples = np.random.default_rng(3).normal(size=8)
    one, other = pooled(np.std, samples), pooled(np.std, samples[:7])
    assert estimate_pooled(one - other).low is None
    assert estimate_pooled(one - pooled(np.std, samples, SUBJECTS)).low is None


def test_subjects_are_left_out_where_there_are_four_else_sequences_where_there_are_five():
    table = {f"{p}/{r}": f"P{p}" for p in range(4) for r in range(3)}
    level, found = parts(table)
    assert level == SUBJECTS
    assert found["P1"] == ("1/0", "1/1", "1/2")
    three = {name: subject for name, subject in table.items() if subject != "P3"}
    level, found = parts(three)
    assert level == SEQUENCES
    assert found["2/0"] == ("2/0",)
    assert parts(dict(list(three.items())[:4])) == ("", {})
    assert parts({f"r{i}": "" for i in range(9)})[0] == SEQUENCES  # one unknown subject


def test_many_parts_are_joined_and_none_is_lost():
    table = {f"{p}/{r}": f"P{p}" for p in range(48) for r in range(7)}
    level, found = parts(table)
    assert (level, len(found)) == (SUBJECTS, MOST_PARTS)
    assert sorted(name for own in found.values() for name in own) == sorted(table)
    assert all(len({table[name] for name in own}) in (2, 3) for own in found.values())
    assert "P0 + P20 + P40" in found
