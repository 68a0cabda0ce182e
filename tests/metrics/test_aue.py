import numpy as np
import pytest

from metrics import catalog
from metrics.aue import AUE, LOWER, UPPER, au_error
from metrics.detectors.synthetic import ACTION_UNITS, SYNTHETIC_NAMES, action_units


def test_units_are_the_fields_and_all_are_regressed():
    assert not set(UPPER) & set(LOWER)
    assert set(UPPER) | set(LOWER) <= set(ACTION_UNITS)
    assert (len(UPPER), len(LOWER)) == (8, 9)


def test_order_is_that_of_the_synthetic_corpus():
    from splits.synthetic import controls

    assert controls.CONTROLS == SYNTHETIC_NAMES
    assert controls.ACTION_UNITS == ACTION_UNITS


def test_expression_scale_is_that_of_the_synthetic_corpus():
    from splits.synthetic.corpus import EXPRESSION_UNITS

    raw = np.random.default_rng(0).uniform(0, 5, (4, 24)).astype(np.float32)
    raw[:, 20:] = 0
    np.testing.assert_allclose(action_units(raw / EXPRESSION_UNITS), raw[:, :20], rtol=1e-6)


@pytest.mark.parametrize("unit", ["AU25", "AU12"])
def test_one_lower_unit_off_by_a_constant(unit):
    truth = np.random.default_rng(0).uniform(1, 3, (7, 20))
    prediction = truth.copy()
    prediction[:, ACTION_UNITS.index(unit)] += 0.5
    values = AUE(catalog.spec("aue/synthetic"), {}).score(prediction, truth, np.arange(7)).values
    assert values == {"aue_u/synthetic": 0.0, "aue_l/synthetic": pytest.approx(0.25)}


def test_halves_are_sums_of_mean_squared_errors():
    a, b = np.random.default_rng(1).uniform(0, 5, (2, 9, 20))
    columns = [ACTION_UNITS.index(u) for u in UPPER]
    expected = sum(np.mean((a[:, k] - b[:, k]) ** 2) for k in columns)
    assert au_error(a, b, UPPER).mean() == pytest.approx(expected)
