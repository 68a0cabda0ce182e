import numpy as np
import pytest
from helpers import noise_frames, run

from harness.contracts import BadInput, Clip
from harness.testing import check_metric
from metrics import catalog
from metrics.common.frechet import frechet_distance

NAME = "e_fid/bfm79"


def tracked(seed, count=100, dim=79):
    return np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)


def clip_of(prediction, truth, count=100):
    signals, predicted = {"bfm79": truth}, {"bfm79": prediction}
    return Clip("clip", 25.0, count, 8, 8, np.zeros(0), signals=signals, predicted=predicted)


def scored(prediction, truth):
    frames = noise_frames(0, 100, 8, 8)
    return run(catalog.build(NAME), clip_of(prediction, truth), frames, frames, batch=30)


def test_conformance():
    frames = noise_frames(0, 100, 8, 8)
    check_metric(catalog.build(NAME), clip_of(tracked(0), tracked(1)), frames, frames)


def test_value_is_the_distance_of_the_arrays():
    x, y = tracked(0) * 2, tracked(1)
    result = scored(x, y)
    assert result.values[NAME] == pytest.approx(frechet_distance(x, y))
    assert result.details["dim"] == 79
    assert result.details["n_refused"] == 0
    assert scored(y, y).values[NAME] == pytest.approx(0, abs=1e-9)


def test_frames_that_are_not_finite_leave_both_sides_and_are_counted():
    x, y = tracked(0), tracked(1)
    x[3, 7], y[90, 0], y[3, 1] = np.nan, np.inf, np.nan
    result = scored(x, y)
    keep = np.delete(np.arange(100), [3, 90])
    assert result.values[NAME] == pytest.approx(frechet_distance(x[keep], y[keep]))
    assert [(f.type, f.item) for f in result.failures] == [("nan", 3), ("nan", 3), ("nan", 90)]
    assert result.features["frames"].tolist() == keep.tolist()
    assert (result.n, result.details["n_refused"]) == (98, 2)


def test_nothing_finite_is_no_value():
    result = scored(np.full((100, 79), np.nan), tracked(1))
    assert result.values == {NAME: None}
    assert result.failures[-1].type == "too_few_samples"


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (tracked(0, dim=64), r"prediction: its shape is \[100, 64\], not \[T, 79\]"),
        (tracked(0)[:, :, None], r"\[100, 79, 1\]"),
        (tracked(0, 99), "99 rows, the sequence has 100 frames"),
        (np.full((100, 79), "0"), "not numbers"),
        (np.full((100, 79), None), "object"),
    ],
)
def test_arrays_of_another_kind_are_refused(broken, message):
    with pytest.raises(BadInput, match=message):
        scored(broken, tracked(1))
    with pytest.raises(BadInput, match="bfm79 of the truth"):
        scored(tracked(1), broken)
