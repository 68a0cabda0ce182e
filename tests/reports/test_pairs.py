"""Pairs: the same recording and item, or no pair."""

from __future__ import annotations

import numpy as np
import pytest

from harness.contracts import BadInput
from reports.statistics import paired


def test_only_what_both_have_is_paired():
    pairs = paired(
        {"x": np.array([1.0, np.nan, 3.0]), "only": np.ones(2)},
        {"x": np.array([0.5, 1.0, np.nan]), "other": np.ones(2)},
        {"x": {"subject": "anna"}},
    )
    assert [s.recording for s in pairs.series] == ["x"]
    assert pairs.series[0].person == "anna"
    np.testing.assert_array_equal(pairs.series[0].values, [0.5, np.nan, np.nan])
    assert (pairs.n, pairs.failed_a, pairs.failed_b) == (1, 1, 1)
    assert (pairs.only_a, pairs.only_b) == (("only",), ("other",))


def test_unequal_lengths_are_refused():
    with pytest.raises(BadInput, match="x has 3 items in A and 2 in B"):
        paired({"x": np.ones(3)}, {"x": np.ones(2)}, {})
