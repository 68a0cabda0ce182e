from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from faked import build, faces_of, run_faces
from helpers import make_clip, noise_frames
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.contracts import ActionUnits, BadInput, MissingSignal
from harness.media.blendshape_units import MP52_NAMES, from_blendshapes
from harness.media.openface import OPENFACE_UNITS, read_openface
from harness.testing import check_metric
from metrics import catalog
from metrics.aue import AUE, LOWER, UPPER, au_error
from metrics.detectors.synthetic import ACTION_UNITS, SYNTHETIC_NAMES, action_units
from splits.prepare.action_units import write_openface_csv


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


def openface_units(seed, count=9):
    values = np.random.default_rng(seed).uniform(0, 5, (count, 17)).astype(np.float32)
    return ActionUnits(values, OPENFACE_UNITS)


def openface_result(prediction, truth, count=None):
    clip = make_clip(
        len(truth.values) if count is None else count, predicted={"openface": prediction}
    )
    metric = catalog.build("aue/openface")
    metric.begin(replace(clip, signals={"openface": truth}))
    return metric.compute()


def auerror(prediction_csv, truth_csv):
    """What TalkingGaussian's auerror.py prints, from its definition: pandas, column by column."""
    frames = [
        pd.read_csv(path).rename(columns=str.strip).filter(regex=r"^AU\d\d_r$")
        for path in (prediction_csv, truth_csv)
    ]
    squares = {
        int(name[2:4]): float(((frames[0][name] - frames[1][name]) ** 2).mean())
        for name in frames[0]
    }
    lower = {10, 12, 14, 15, 17, 20, 23, 25, 26}
    low = sum(v for unit, v in squares.items() if unit in lower)
    return sum(squares.values()), low, sum(v for unit, v in squares.items() if unit not in lower)


def test_openface_equals_the_public_script(tmp_path):
    paths = [tmp_path / "prediction.csv", tmp_path / "truth.csv"]
    for seed, path in enumerate(paths):
        write_openface_csv(path, openface_units(seed, 40), 25)
    whole, lower, upper = auerror(*paths)
    result = openface_result(*(read_openface(path) for path in paths))
    assert result.values["aue/openface"] == pytest.approx(whole, rel=1e-6)
    assert result.values["aue_l/openface"] == pytest.approx(lower, rel=1e-6)
    assert result.values["aue_u/openface"] == pytest.approx(upper, rel=1e-6)
    assert result.n == 40


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_halves_add_up_and_sides_may_be_swapped(seed):
    a, b = openface_units(seed), openface_units(seed + 1)
    values = openface_result(a, b).values
    assert values["aue_u/openface"] + values["aue_l/openface"] == pytest.approx(
        values["aue/openface"]
    )
    assert openface_result(b, a).values == pytest.approx(values)
    assert set(openface_result(a, a).values.values()) == {0.0}


@pytest.mark.parametrize(("unit", "half"), [("AU12", "aue_l"), ("AU45", "aue_u")])
def test_one_openface_unit_off_by_a_constant(unit, half):
    truth = openface_units(0)
    values = np.array(truth.values)
    values[:, OPENFACE_UNITS.index(unit)] += 0.5
    # Another order of the units on one side changes nothing.
    order = np.random.default_rng(1).permutation(17)
    names = tuple(OPENFACE_UNITS[i] for i in order)
    found = openface_result(ActionUnits(values[:, order], names), truth).values
    assert found[f"{half}/openface"] == pytest.approx(0.25, abs=1e-6)
    other = "aue_u" if half == "aue_l" else "aue_l"
    assert found[f"{other}/openface"] == 0
    assert found["aue/openface"] == pytest.approx(0.25, abs=1e-6)


def test_frames_that_openface_lost_are_failures_and_leave_both_sides():
    a, b = openface_units(0), openface_units(1)
    a.values[2], b.values[5] = np.nan, np.nan
    result = openface_result(a, b)
    keep = [0, 1, 3, 4, 6, 7, 8]
    expected = np.square(a.values[keep] - b.values[keep]).mean(0).sum()
    assert result.values["aue/openface"] == pytest.approx(expected, rel=1e-5)
    assert [(f.type, f.item) for f in result.failures] == [("no_face", 2), ("no_face", 5)]
    assert "prediction" in result.failures[0].message
    assert "truth" in result.failures[1].message
    assert np.flatnonzero(np.isnan(result.items["aue/openface"])).tolist() == [2, 5]
    assert result.details["n_refused"] == 2
    a.values[:] = np.nan
    assert set(openface_result(a, b).values.values()) == {None}


def test_openface_signals_that_do_not_fit_are_refused():
    a = openface_units(0)
    with pytest.raises(BadInput, match=r"clip \(prediction, openface\): 8 rows for 9 frames"):
        openface_result(a.part(range(8)), a)
    fewer = ActionUnits(a.values[:, 2:], OPENFACE_UNITS[2:])
    with pytest.raises(BadInput, match=r"truth, openface\): it lacks AU01, AU02\."):
        openface_result(a, fewer)
    metric = catalog.build("aue/openface")
    with pytest.raises(MissingSignal, match="openface"):
        metric.begin(make_clip(9))


def test_openface_passes_the_conformance_checks():
    frames = noise_frames(0, 9)
    clip = replace(
        make_clip(9, predicted={"openface": openface_units(0)}),
        signals={"openface": openface_units(1)},
    )
    check_metric(catalog.build("aue/openface"), clip, frames, frames)


def test_blendshapes_as_units(monkeypatch):
    metric = build("aue/mp52", monkeypatch)
    a, b = np.random.default_rng(0).uniform(0, 1, (2, 7, 52))
    result = run_faces(
        metric, faces_of(np.zeros((7, 478, 2)), a), faces_of(np.zeros((7, 478, 2)), b, lost=[3])
    )
    keep = [0, 1, 2, 4, 5, 6]
    units = [from_blendshapes(side[keep], MP52_NAMES) for side in (a, b)]
    expected = {
        name: sum(np.mean((units[0].column(u) - units[1].column(u)) ** 2) for u in half)
        for name, half in (("aue_u", UPPER), ("aue_l", LOWER), ("aue", UPPER + LOWER))
    }
    assert result.values == {
        f"{name}/mp52": pytest.approx(value, rel=1e-5) for name, value in expected.items()
    }
    assert [(f.type, f.item) for f in result.failures] == [("no_face", 3)]
    smile = b.copy()
    for name in ("mouthSmileLeft", "mouthSmileRight"):
        smile[:, MP52_NAMES.index(name)] = 0.2
    more = smile.copy()
    more[:, MP52_NAMES.index("mouthSmileLeft")] = 0.4  # half of AU12: 5 * 0.2 / 2
    pair = [faces_of(np.zeros((7, 478, 2)), side) for side in (more, smile)]
    values = run_faces(metric, *pair).values
    assert values["aue_l/mp52"] == pytest.approx(0.25, rel=1e-5)
    assert values["aue_u/mp52"] == 0
