"""Variances that know the errors, and such that do not."""

import numpy as np
import pytest

from benchmarks.calibration import BINS, Observed


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_variances_in_the_order_of_errors_correlate_fully(rng):
    error = rng.random((20, 50))
    observed = Observed(1e-3 * error, error)
    assert observed.correlations() == pytest.approx(dict.fromkeys(observed.correlations(), 1.0))
    errors = [error for _, error in observed.bins()]
    assert len(errors) == BINS
    assert errors == sorted(errors)


def test_variances_without_regard_to_errors_do_not(rng):
    observed = Observed(rng.random((200, 50)), rng.random((200, 50)))
    assert abs(observed.correlations()["frames and Gaussians"]) < 0.05


def test_what_is_not_seen_does_not_count(rng):
    error = rng.random((20, 50))
    hidden = np.where(rng.random(error.shape) < 0.3, np.nan, error)
    observed = Observed(np.exp(error), hidden)
    assert observed.correlations()["frames and Gaussians"] == pytest.approx(1.0)
    assert np.isfinite(observed.bins()).all()
