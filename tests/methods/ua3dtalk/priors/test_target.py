import numpy as np
import pytest

from harness.contracts import BadInput, Expression
from methods.ua3dtalk.priors.target import ExpressionTarget, prediction_errors


def test_few_coefficients_are_standardised_and_padded():
    values = np.random.default_rng(0).normal(3, 2, (200, 24)).astype(np.float32)
    target = ExpressionTarget.of(Expression(values, "synthetic"), "clip")
    made = target.transform(values)
    assert made.shape == (200, 64)
    np.testing.assert_allclose(made[:, :24].mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(made[:, :24].std(0), 1, atol=1e-4)
    assert not made[:, 24:].any()


def test_many_coefficients_keep_their_principal_components():
    rng = np.random.default_rng(0)
    values = (rng.normal(size=(300, 3)) @ rng.normal(size=(3, 80))).astype(np.float32)
    made = ExpressionTarget.of(Expression(values, "other"), "clip").transform(values)
    assert made.shape == (300, 64)
    assert (made.std(0) > 0.5).sum() == 3
    correlation = np.corrcoef(made[:, :3].T)
    np.testing.assert_allclose(correlation, np.eye(3), atol=1e-3)


def test_a_coefficient_that_hardly_moves_is_not_blown_up():
    values = np.random.default_rng(0).normal(size=(200, 2)) * [1.0, 1e-4]
    made = ExpressionTarget.of(Expression(values.astype("f4"), "mp52"), "clip").transform(values)
    assert made[:, 1].std() < 0.01


@pytest.mark.parametrize("values", [np.ones((20, 5)), np.full((20, 5), np.nan), np.ones(20)])
def test_useless_expressions_are_refused(values):
    with pytest.raises(BadInput, match="clip"):
        ExpressionTarget.of(Expression(values, "mp52"), "clip")


def test_errors_of_exact_and_of_mean_prediction():
    target = np.random.default_rng(0).normal(size=(100, 64))
    assert prediction_errors(target, target) == pytest.approx({"error": 0, "correlation": 1})
    mean = np.broadcast_to(target.mean(0), target.shape)
    assert prediction_errors(mean, target) == pytest.approx({"error": 1, "correlation": 0})
