"""The cluster bootstrap: agreement with scipy, what is resampled, what is never claimed."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from reports.statistics import Series, estimate


def table(rng, subjects, sequences, items, level=0.0, scales=(1.0, 1.0, 1.0)):
    made = []
    for subject in range(subjects):
        own = level + scales[0] * rng.standard_normal()
        for sequence in range(sequences):
            middle = own + scales[1] * rng.standard_normal()
            values = middle + scales[2] * rng.standard_normal(items)
            made.append(Series(f"{subject}/{sequence}", values, f"p{subject}"))
    return made


def subject_means(series):
    names = dict.fromkeys(s.subject for s in series)
    return np.array([np.mean([s.values.mean() for s in series if s.subject == n]) for n in names])


def test_error_of_subjects_is_that_of_their_means():
    series = table(np.random.default_rng(0), 9, 3, 20)
    means = subject_means(series)
    found = estimate(series, 5)
    assert found.value == pytest.approx(means.mean())
    assert found.error == pytest.approx(stats.sem(means))


@pytest.mark.parametrize("subjects", [2, 3])
def test_two_or_three_subjects_give_the_t_test_of_their_means(subjects):
    series = table(np.random.default_rng(subjects), subjects, 4, 30, level=1.0)
    expected = stats.ttest_1samp(subject_means(series), 0.0)
    found = estimate(series, 5)
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx(expected.confidence_interval(0.95))


def test_many_subjects_agree_with_scipy_bootstrap_and_t_test():
    series = table(np.random.default_rng(4), 60, 1, 30, level=0.3, scales=(1.0, 0.0, 0.0))
    means = subject_means(series)
    found = estimate(series, 5)
    theirs = stats.bootstrap(
        (means,), np.mean, n_resamples=9999, random_state=0
    ).confidence_interval
    width = theirs.high - theirs.low
    assert found.low == pytest.approx(theirs.low, abs=0.08 * width)
    assert found.high == pytest.approx(theirs.high, abs=0.08 * width)
    assert found.p == pytest.approx(stats.ttest_1samp(means, 0.0).pvalue, abs=0.02)


def test_p_agrees_with_wilcoxon_on_what_is_clear_and_what_is_not():
    rng = np.random.default_rng(5)
    clear = table(rng, 20, 1, 10, level=3.0)
    none = table(rng, 20, 1, 10, level=0.0)
    assert stats.wilcoxon(subject_means(clear)).pvalue < 0.001
    assert estimate(clear, 5).p < 0.001
    assert stats.wilcoxon(subject_means(none)).pvalue > 0.1
    assert estimate(none, 5).p > 0.1


def test_one_subject_speaks_of_sequences_and_one_sequence_of_blocks():
    rng = np.random.default_rng(6)
    one_subject = estimate(table(rng, 1, 7, 100), 25)
    assert (one_subject.level, one_subject.clusters) == ("sequences", 7)
    one_sequence = estimate(table(rng, 1, 1, 100), 25)
    assert (one_sequence.level, one_sequence.clusters) == ("blocks", 4)
    short = estimate(table(rng, 1, 1, 74), 25)
    assert (short.level, short.low, short.p) == ("none", None, None)
    assert np.isfinite(short.value)


def test_unnamed_subjects_are_not_taken_for_many():
    series = [Series(f"r{i}", np.random.default_rng(i).normal(size=50)) for i in range(6)]
    assert estimate(series, 5).level == "sequences"


def test_one_sequence_is_not_more_sure_for_its_correlated_frames():
    rng = np.random.default_rng(7)
    moments = rng.standard_normal(20)
    once = estimate([Series("a", np.repeat(moments, 10))], 25)
    twice = estimate([Series("a", np.repeat(moments, 100))], 250)
    assert once.clusters == twice.clusters == 6
    assert twice.error == pytest.approx(once.error, rel=0.3)


def test_weights_by_sequences_or_items():
    series = [
        Series("a", np.zeros(10), "p"),
        Series("b", np.ones(30), "p"),
        Series("c", np.ones(20), "q"),
    ]
    assert estimate(series, 5).value == pytest.approx(2 / 3)
    assert estimate(series, 5, weights="items").value == pytest.approx(50 / 60)


def test_failed_items_are_counted_and_left_out():
    series = table(np.random.default_rng(8), 5, 2, 40)
    holed = [Series(s.sequence, np.append(s.values, [np.nan, np.nan]), s.subject) for s in series]
    ours, theirs = estimate(series, 5), estimate(holed, 5)
    assert (theirs.n, theirs.failed) == (400, 20)
    assert (ours.low, ours.high, ours.p) == (theirs.low, theirs.high, theirs.p)
    empty = estimate([Series("a", np.full(9, np.nan))], 2)
    assert np.isnan(empty.value)
    assert (empty.failed, empty.low) == (9, None)


def test_equal_rows_differ_by_nothing():
    found = estimate([Series(f"{i}", np.zeros(50), str(i)) for i in range(8)], 5)
    assert (found.value, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 1.0)


@settings(max_examples=40, deadline=None)
@given(
    subjects=st.integers(1, 7),
    sequences=st.integers(1, 3),
    shift=st.floats(-50, 50),
    scale=st.floats(0.01, 100),
    seed=st.integers(0, 99),
)
def test_shift_scale_sign_and_order(subjects, sequences, shift, scale, seed):
    series = table(np.random.default_rng(seed), subjects, sequences, 60)
    base = estimate(series, 10, resamples=200)

    def moved(a, b):
        return [Series(s.sequence, a * s.values + b, s.subject) for s in series]

    shifted = estimate(moved(scale, shift), 10, resamples=200)
    assert shifted.low == pytest.approx(scale * base.low + shift, abs=1e-6 * (abs(shift) + scale))
    assert shifted.high == pytest.approx(scale * base.high + shift, abs=1e-6 * (abs(shift) + scale))
    mirrored = estimate(moved(-1.0, 0.0), 10, resamples=200)
    assert (mirrored.low, mirrored.high) == pytest.approx((-base.high, -base.low))
    assert mirrored.p == pytest.approx(base.p)
    assert base.low <= base.value <= base.high
    assert 0 < base.p <= 1
    assert base == estimate(series, 10, resamples=200)
    # The p-value and the interval are one statement.
    if abs(base.p - 0.05) > 0.02:
        assert (base.p < 0.05) == (not base.low <= 0 <= base.high)


def test_ten_thousand_items_take_less_than_a_second():
    series = table(np.random.default_rng(9), 10, 4, 250)
    estimate(series, 25, resamples=10)
    spent = []
    for _ in range(3):
        start = time.process_time()  # of this process: a busy machine is no fault of ours
        estimate(series, 25)
        spent.append(time.process_time() - start)
    assert min(spent) < 1.0
