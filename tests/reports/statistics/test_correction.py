"""Holm by hand, and ranks that follow from significant comparisons only."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from reports.statistics import holm, rank_sets


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, None, 0.01]) == [0.5, None, 0.02]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_lies_between_the_raw_values_and_bonferroni_and_keeps_order(values):
    adjusted = holm(values)
    for raw, q in zip(values, adjusted, strict=True):
        assert raw <= q <= min(1.0, raw * len(values)) + 1e-12
    order = np.argsort(values, kind="stable")
    assert (np.diff(np.array(adjusted)[order]) >= 0).all()
    # Holm guards against any false alarm, so it is never bolder than the false discovery rate.
    assert (np.array(adjusted) >= stats.false_discovery_control(values) - 1e-9).all()


def test_ranks_move_only_where_it_is_significant():
    gains = np.array([[np.nan, 1.0, 2.0], [-1.0, np.nan, 1.0], [-2.0, -1.0, np.nan]])
    p = np.array([[np.nan, 0.5, 0.001], [0.5, np.nan, 0.001], [0.001, 0.001, np.nan]])
    assert rank_sets(gains, p) == [(1, 1, 2), (2, 1, 2), (3, 3, 3)]
    unsure = np.full((3, 3), np.nan)
    assert rank_sets(gains, unsure) == [(1, 1, 3), (2, 1, 3), (3, 1, 3)]


def test_a_row_without_comparison_has_no_rank():
    gains = np.array([[np.nan, 1.0, np.nan], [-1.0, np.nan, np.nan], [np.nan] * 3])
    assert rank_sets(gains, np.full((3, 3), 0.001)) == [(1, 1, 1), (2, 2, 2), None]


def test_a_ranked_row_that_was_not_compared_leaves_the_rank_open():
    """The first is surely better than the second; against the third nothing is known."""
    gains = np.array([[np.nan, 1.0, np.nan], [-1.0, np.nan, 1.0], [np.nan, -1.0, np.nan]])
    assert rank_sets(gains, np.full((3, 3), 0.001)) == [(1, 1, 2), (2, 2, 2), (2, 2, 3)]
