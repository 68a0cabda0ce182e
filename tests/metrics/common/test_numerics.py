import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchmetrics.functional.regression import concordance_corrcoef

from metrics.common.numerics import ccc, is_constant, rmse, same_sign


def series(seed, n=40):
    rng = np.random.default_rng(seed)
    return rng.normal(0.3, 1.7, n), rng.normal(-0.2, 0.8, n)


def test_a_series_agrees_with_itself():
    x, _ = series(0)
    assert ccc(x, x) == pytest.approx(1, abs=1e-12)
    assert rmse(x, x) == 0
    assert same_sign(x, x).tolist() == [1.0] * 40


def test_the_negative_is_minus_one_only_about_zero():
    x, _ = series(1)
    centred = x - x.mean()
    assert ccc(centred, -centred) == pytest.approx(-1, abs=1e-12)
    assert ccc(centred + 0.5, -centred - 0.5) > -0.95


@given(st.floats(-20, 20), st.integers(0, 5))
def test_a_shift_costs_what_the_formula_says(shift, seed):
    x, _ = series(seed)
    variance = np.mean(np.square(x - x.mean()))
    expected = 2 * variance / (2 * variance + shift**2)
    assert ccc(x, x + shift) == pytest.approx(expected, rel=1e-9)


@given(st.integers(0, 200))
def test_bounds_and_symmetry(seed):
    x, y = series(seed)
    assert -1 <= ccc(x, y) <= 1
    assert ccc(x, y) == pytest.approx(ccc(y, x), rel=1e-12)
    assert abs(ccc(x, y)) <= abs(np.corrcoef(x, y)[0, 1]) + 1e-12


def test_the_definition_in_its_own_terms():
    x, y = series(2)
    rho = np.corrcoef(x, y)[0, 1]
    sx, sy = np.std(x), np.std(y)
    expected = 2 * rho * sx * sy / (sx**2 + sy**2 + (np.mean(x) - np.mean(y)) ** 2)
    assert ccc(x, y) == pytest.approx(expected, rel=1e-12)


def test_torchmetrics_takes_the_deviations_of_a_sample():
    x, y = series(3, n=7)
    theirs = concordance_corrcoef(torch.from_numpy(x), torch.from_numpy(y)).item()
    # Equal means take the only term away that tells samples from populations.
    x0, y0 = x - x.mean(), y - y.mean()
    centred = concordance_corrcoef(torch.from_numpy(x0), torch.from_numpy(y0)).item()
    assert ccc(x0, y0) == pytest.approx(centred, rel=1e-6)
    shift = (x.mean() - y.mean()) ** 2
    spread = np.var(x) + np.var(y)
    assert ccc(x, y) * (spread + shift) / (spread + shift * 6 / 7) == pytest.approx(
        theirs, rel=1e-6
    )
    assert abs(ccc(x, y)) < abs(theirs)


@pytest.mark.parametrize("value", [0.0, 0.25, -1e6])
def test_a_constant_has_no_concordance(value):
    x, _ = series(4)
    still = np.full(40, value)
    assert np.isnan(ccc(still, x))
    assert np.isnan(ccc(x, still))
    assert np.isnan(ccc(still, still))


def test_the_last_bit_of_a_float_is_no_movement():
    still = np.float32(0.37) + np.arange(40) % 2 * np.float32(3e-8)
    assert is_constant(still)
    assert not is_constant(still + np.arange(40) * 1e-4)
    assert is_constant(np.array([0.4]))


def test_error_and_sign():
    x, y = np.array([1.0, -1.0, 0.0, 0.0, 2.0]), np.array([4.0, -1.0, 0.0, 1.0, -2.0])
    assert rmse(x, y) == pytest.approx(np.sqrt((9 + 0 + 0 + 1 + 16) / 5))
    assert same_sign(x, y).tolist() == [1, 1, 1, 0, 0]
