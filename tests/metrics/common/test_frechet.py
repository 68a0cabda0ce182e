import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from metrics.common.frechet import (
    _by_eigenvalues,
    _by_samples,
    frechet_distance,
    sample_warning,
)


def sample(seed, n=300, d=8, scale=1.0):
    rng = np.random.default_rng(seed)
    mix = np.random.default_rng(seed + 77).normal(size=(d, d))
    return rng.normal(size=(n, d)) @ mix * scale


def by_sqrtm(x, y):
    """The textbook form, with a square root of the unsymmetric product."""
    cov_x, cov_y = np.cov(x.T), np.cov(y.T)
    root = sqrtm(cov_x @ cov_y).real
    return np.square(x.mean(0) - y.mean(0)).sum() + np.trace(cov_x + cov_y - 2 * root)


@pytest.mark.parametrize("d", [2, 8, 64])
def test_agrees_with_the_square_root_of_the_product(d):
    x, y = sample(0, 500, d), sample(1, 400, d) + 0.5
    assert frechet_distance(x, y) == pytest.approx(by_sqrtm(x, y), rel=1e-8)


def test_of_itself_is_zero_also_with_fewer_samples_than_dimensions():
    for n in (300, 20):
        x = sample(0, n, 64)
        assert frechet_distance(x, x) == pytest.approx(0, abs=1e-5 * np.trace(np.cov(x.T)))


@pytest.mark.parametrize(("shift", "expected"), [(0.1, 0.64), (2.0, 256.0)])
def test_a_shift_of_the_mean_is_its_squared_length(shift, expected):
    x = sample(0, 1000, 64)
    assert frechet_distance(x, x + shift) == pytest.approx(expected, rel=1e-3, abs=1e-4)


def test_four_times_the_covariance_is_its_trace():
    x = sample(0) - sample(0).mean(0)
    assert frechet_distance(x, 2 * x) == pytest.approx(np.trace(np.cov(x.T)))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 10))
def test_symmetric_positive_blind_to_rotation_and_quadratic_in_scale(seed, c):
    x, y = sample(seed, 50, 5), sample(seed + 1, 60, 5)
    distance = frechet_distance(x, y)
    rotation = np.linalg.qr(np.random.default_rng(seed).normal(size=(5, 5)))[0]
    assert distance >= 0
    assert frechet_distance(y, x) == pytest.approx(distance, rel=1e-7, abs=1e-9)
    assert frechet_distance(x @ rotation, y @ rotation) == pytest.approx(distance, rel=1e-7)
    assert frechet_distance(c * x, c * y) == pytest.approx(c * c * distance, rel=1e-7)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 40), st.integers(2, 40))
def test_both_exact_forms_agree(seed, n, m):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(n, 16)), rng.normal(size=(m, 16)) * rng.uniform(0.1, 3, 16)
    scale = np.square(a).sum() + np.square(b).sum()
    assert _by_samples(a, b) == pytest.approx(_by_eigenvalues(a, b), abs=1e-6 * scale)


def test_few_samples_of_many_dimensions_agree_with_the_eigen_form():
    x, y = sample(0, 60, 300), sample(1, 40, 300) + 0.1
    cov_x, cov_y = np.cov(x.T), np.cov(y.T)
    values, vectors = np.linalg.eigh(cov_x)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    cross = np.sqrt(np.linalg.eigvalsh(root @ cov_y @ root).clip(0)).sum()
    expected = np.square(x.mean(0) - y.mean(0)).sum() + np.trace(cov_x + cov_y) - 2 * cross
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-6)


def test_identities_hold_exactly_with_fewer_samples_than_dimensions():
    x = sample(0, 30, 64)
    spread = np.trace(np.cov(x.T))
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-12 * spread)
    assert frechet_distance(x, x + 0.1) == pytest.approx(0.64, rel=1e-9)
    centred = x - x.mean(0)
    assert frechet_distance(centred, 2 * centred) == pytest.approx(spread, rel=1e-12)


def test_covariances_divided_by_n():
    x, y = sample(0, 20, 4), sample(1, 30, 4) + 1
    cov_x, cov_y = np.cov(x.T, ddof=0), np.cov(y.T, ddof=0)
    root = sqrtm(cov_x @ cov_y).real
    expected = np.square(x.mean(0) - y.mean(0)).sum() + np.trace(cov_x + cov_y - 2 * root)
    assert frechet_distance(x, y, ddof=0) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(x, y, ddof=0) != pytest.approx(frechet_distance(x, y), rel=1e-3)


@pytest.mark.parametrize("n", [500, 1000, 2000])
def test_the_bias_of_a_round_gaussian_is_the_stated_one(n):
    x, y = np.random.default_rng(n).normal(size=(2, n, 64))
    assert frechet_distance(x, y) == pytest.approx(64 * (64 + 4) / (2 * n), rel=0.08)


def test_small_samples_are_biased_upwards_and_flagged():
    same = [
        frechet_distance(*np.random.default_rng(0).normal(size=(2, n, 64))) for n in (100, 1000)
    ]
    assert same[0] > 3 * same[1] > 0
    assert "biased" in sample_warning(639, 64)
    assert sample_warning(640, 64) is None


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.zeros((5, 3)), np.zeros((5, 4)), r"\[n,d\]"),
        (np.zeros((1, 3)), np.zeros((5, 3)), "two samples"),
        (np.full((5, 3), np.nan), np.zeros((5, 3)), "finite"),
        (np.zeros(5), np.zeros(5), r"\[n,d\]"),
    ],
)
def test_refuses_what_has_no_distance(x, y, message):
    with pytest.raises(ValueError, match=message):
        frechet_distance(x, y)
