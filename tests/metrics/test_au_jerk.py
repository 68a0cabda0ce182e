from dataclasses import replace

import numpy as np
import pytest
from faked import build, faces_of, run_faces
from helpers import make_clip, noise_frames

from harness.contracts import ActionUnits
from harness.media.openface import OPENFACE_UNITS
from harness.testing import check_metric
from metrics import catalog
from metrics.common.second_difference import second_difference
from metrics.common.unit_pairs import LOWER, UPPER
from metrics.detectors.synthetic import ACTION_UNITS

MINE, THEIRS, ERROR = (f"au_jerk{part}/openface" for part in ("", "_truth", "_error"))


def units(values):
    return ActionUnits(np.asarray(values, np.float32), OPENFACE_UNITS)


def jerk(prediction, truth):
    metric = catalog.build("au_jerk/openface")
    clip = make_clip(len(truth), predicted={"openface": units(prediction)})
    metric.begin(replace(clip, signals={"openface": units(truth)}))
    return metric.compute()


def test_second_difference_of_a_parabola_a_line_and_a_gap():
    t = np.arange(9.0)
    np.testing.assert_allclose(second_difference(0.5 * 3 * t**2), 3.0)
    np.testing.assert_allclose(second_difference(2 * t + 1), 0.0)
    t[4] = np.nan
    assert np.flatnonzero(np.isnan(second_difference(t))).tolist() == [2, 3, 4]
    for count in range(3):
        assert second_difference(np.zeros((count, 5))).shape == (0, 5)


def test_a_parabola_in_one_unit_is_its_acceleration_over_all_units():
    t = np.arange(12.0)
    truth = np.full((12, 17), 2.0)
    prediction = truth.copy()
    prediction[:, 4] = 0.5 * 0.034 * t**2
    values = jerk(prediction, truth).values
    assert values[MINE] == pytest.approx(0.034 / 17, rel=1e-4)
    assert values[THEIRS] == 0
    assert values[ERROR] == pytest.approx(0.034 / 17, rel=1e-4)


def test_equals_numpys_own_differences():
    a, b = np.random.default_rng(0).uniform(0, 5, (2, 30, 17)).astype(np.float32)
    result = jerk(a, b)
    own, true = (np.abs(np.diff(side.astype(float), 2, axis=0)).mean() for side in (a, b))
    assert result.values[MINE] == pytest.approx(own)
    assert result.values[THEIRS] == pytest.approx(true)
    assert result.values[ERROR] == pytest.approx(abs(own - true))
    assert result.n == 28
    assert np.nanmean(result.items[MINE]) == pytest.approx(own)
    assert len(result.items[MINE]) == 30


def test_a_lost_frame_breaks_the_chain_on_both_sides():
    a, b = np.random.default_rng(1).uniform(0, 5, (2, 10, 17)).astype(np.float32)
    a[4] = np.nan
    result = jerk(a, b)
    centres = [1, 2, 6, 7, 8]
    expected = [np.abs(b[t + 1] - 2 * b[t] + b[t - 1]).mean() for t in centres]
    assert result.values[THEIRS] == pytest.approx(np.mean(expected), rel=1e-5)
    assert np.flatnonzero(np.isfinite(result.items[THEIRS])).tolist() == centres
    assert result.n == result.details["triples"] == 5
    assert [(f.type, f.item) for f in result.failures] == [("no_face", 4)]


@pytest.mark.parametrize("seen", [[0, 1], [0, 1, 3, 4, 6, 7], [2], [8]])
def test_without_three_frames_in_a_row_there_is_no_value(seen):
    truth = np.full((9, 17), np.nan)
    truth[seen] = 1.0
    result = jerk(np.zeros((9, 17)), truth)
    assert set(result.values.values()) == {None}
    assert result.failures[-1].type == "too_short"
    assert result.n == 0


def test_the_synthetic_regressors_units_are_those_of_the_field(monkeypatch):
    metric = build("au_jerk/synthetic", monkeypatch)
    a = np.random.default_rng(2).uniform(0, 1, (11, 24))
    b = a.copy()
    for name in set(ACTION_UNITS) - set(UPPER + LOWER):
        b[:, ACTION_UNITS.index(name)] = 0  # AU18, AU22, AU24
    b[:, 20:] = 0
    values = run_faces(metric, faces_of(expression=a), faces_of(expression=b), 3).values
    columns = [ACTION_UNITS.index(u) for u in UPPER + LOWER]
    expected = np.abs(np.diff(5 * a[:, columns], 2, axis=0)).mean()
    assert values["au_jerk/synthetic"] == pytest.approx(expected)
    assert values["au_jerk_error/synthetic"] == pytest.approx(0, abs=1e-12)


def test_only_the_difference_has_a_direction():
    for variant in ("openface", "synthetic", "mp52"):
        columns = catalog.spec(f"au_jerk/{variant}").columns
        assert [c.direction for c in columns] == ["none", "none", "down"]


def test_passes_the_conformance_checks():
    a, b = np.random.default_rng(3).uniform(0, 5, (2, 9, 17))
    clip = replace(make_clip(9, predicted={"openface": units(a)}), signals={"openface": units(b)})
    frames = noise_frames(0, 9)
    check_metric(catalog.build("au_jerk/openface"), clip, frames, frames)
