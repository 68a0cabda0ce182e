from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from faked import build, faces_of, run_faces
from helpers import make_clip, noise_frames, run
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.contracts import ActionUnits
from harness.media.landmarks68 import IBUG68_VERTICES
from harness.testing import check_metric
from metrics import catalog
from metrics.blink import Blinks, eye_aspect_ratio, find_blinks

OPEN, SHUT = 0.3, 0.1


def eyes(ratios, points=478):
    """Landmarks [T,points,2] whose eyes have these aspect ratios."""
    landmarks = np.zeros((len(ratios), points, 2))
    for first, x in ((36, 100.0), (42, 200.0)):
        p = [v[0] for v in IBUG68_VERTICES[first : first + 6]]
        p = p if points > 68 else range(first, first + 6)
        for place, dx, up in zip(p, (0, 10, 20, 30, 20, 10), (0, -1, -1, 0, 1, 1), strict=True):
            landmarks[:, place, 0] = x + dx
            landmarks[:, place, 1] = 50 + up * 15 * np.asarray(ratios)
    return landmarks


def square_wave(*runs):
    """Ratios from (frames, shut?) runs."""
    return np.concatenate([np.full(n, SHUT if shut else OPEN) for n, shut in runs])


def blinks_of(metric, ratios, lost=(), truth=None, batch=4):
    prediction = faces_of(eyes(ratios), np.zeros((len(ratios), 52)), lost)
    truth = np.full(len(ratios), OPEN) if truth is None else truth
    return run_faces(metric, prediction, faces_of(eyes(truth), np.zeros((len(truth), 52))), batch)


@pytest.fixture
def metric(monkeypatch):
    return build("blink/mp478", monkeypatch)


@pytest.mark.parametrize("points", [68, 478])
def test_the_ratio_of_a_drawn_eye(points):
    ratios = np.array([0.0, 0.1, 0.33])
    np.testing.assert_allclose(eye_aspect_ratio(eyes(ratios, points)), ratios, atol=1e-12)
    turned = eyes(ratios, points) @ np.array([[0.6, -0.8], [0.8, 0.6]]) * 2.5
    np.testing.assert_allclose(eye_aspect_ratio(turned), ratios, atol=1e-12)
    one_eye = eyes(ratios, points)
    one_eye[:, 42:48] = eyes([0.3] * 3, points)[:, 42:48]
    if points == 68:
        np.testing.assert_allclose(eye_aspect_ratio(one_eye), (ratios + 0.3) / 2, atol=1e-12)


def test_a_square_wave_gives_exact_counts_and_durations(metric):
    ratios = square_wave((20, 0), (3, 1), (30, 0), (5, 1), (40, 0), (1, 1), (1, 0))
    truth = square_wave((50, 0), (4, 1), (46, 0))
    result = blinks_of(metric, ratios, truth=truth)
    seconds = 100 / 25
    assert result.values == pytest.approx(
        {
            "blink_rate/mp478": 2 / seconds,
            "blink_rate_truth/mp478": 1 / seconds,
            "blink_rate_error/mp478": 1 / seconds,
            "blink_duration/mp478": 4 / 25,
            "blink_duration_truth/mp478": 4 / 25,
            "blink_duration_error/mp478": 0.0,
        },
        abs=1e-12,
    )
    own = result.details["prediction"]
    assert own == {"blinks": 2, "durations_frames": [3, 5], "cut": 0, "runs_too_short": 1}
    assert (result.details["threshold"], result.details["min_frames"]) == (0.2, 2)
    assert result.failures == []


def test_blinks_at_the_ends_count_without_a_duration(metric):
    result = blinks_of(metric, square_wave((3, 1), (20, 0), (4, 1), (20, 0), (3, 1)))
    assert result.details["prediction"]["blinks"] == 3
    assert result.details["prediction"]["cut"] == 2
    assert result.values["blink_rate/mp478"] == pytest.approx(3 * 25 / 50)
    assert result.values["blink_duration/mp478"] == pytest.approx(4 / 25)


@pytest.mark.parametrize(
    ("lost", "blinks", "cut"),
    [
        ([12], 1, 1),  # in the middle: one blink still, its duration unknown
        ([9], 1, 1),  # just before it: it may have begun there
        ([15], 1, 1),  # just after it
        ([8], 1, 0),  # an open frame lies between
        ([16], 1, 0),
        ([10, 11, 12, 13], 0, 0),  # one shut frame was seen: too few
        ([10, 11, 12, 13, 14], 0, 0),
    ],
)
def test_a_lost_frame_never_splits_a_blink(metric, lost, blinks, cut):
    result = blinks_of(metric, square_wave((10, 0), (5, 1), (10, 0)), lost)
    own = result.details["prediction"]
    assert (own["blinks"], own["cut"]) == (blinks, cut)
    assert [f.item for f in result.failures if f.type == "no_face"] == lost
    assert result.details["seconds_seen"] == pytest.approx((25 - len(lost)) / 25)
    assert result.values["blink_rate/mp478"] == pytest.approx(blinks * 25 / (25 - len(lost)))
    if blinks and not cut:
        assert result.values["blink_duration/mp478"] == pytest.approx(5 / 25)
    else:
        assert result.values["blink_duration/mp478"] is None
        assert any(
            f.type == "not_applicable" and "prediction" in f.message for f in result.failures
        )


def test_no_blink_is_a_rate_of_zero_and_no_duration(metric):
    result = blinks_of(metric, np.full(10, OPEN))
    assert result.values["blink_rate/mp478"] == result.values["blink_rate_error/mp478"] == 0
    assert result.values["blink_duration/mp478"] is None
    assert result.values["blink_duration_error/mp478"] is None
    assert [f.type for f in result.failures] == ["not_applicable", "not_applicable"]


def test_no_face_is_no_value(metric):
    result = blinks_of(metric, np.full(6, OPEN), lost=range(6))
    assert set(result.values.values()) == {None}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=60), st.integers(1, 4))
def test_whole_clips_by_a_string_search(shut, min_frames):
    """Without lost frames: runs of ones in a string, and those that touch an end are cut."""
    text = "".join("10"[not s] for s in shut)
    runs = [len(run) for run in text.split("0") if len(run) >= min_frames]
    touching = [r for r in {(True, text), (False, text[::-1])} if r[1].startswith("1" * min_frames)]
    found = find_blinks(np.array(shut), np.arange(len(shut)), min_frames)
    assert found.count == len(runs)
    assert found.cut == (1 if runs and set(text) == {"1"} else len(touching))


def test_runs_are_found_by_frame_number_and_not_by_position():
    shut = np.array([0, 1, 1, 1, 0], bool)
    assert find_blinks(shut, np.array([3, 4, 5, 6, 7]), 2) == Blinks((3,), 0, 0)
    assert find_blinks(shut, np.array([3, 4, 5, 7, 8]), 2) == Blinks((), 1, 0)
    assert find_blinks(shut, np.array([2, 4, 5, 6, 7]), 2) == Blinks((), 1, 0)
    assert find_blinks(shut, np.array([3, 4, 5, 6, 7]), 4) == Blinks((), 0, 1)


def au45(values):
    return ActionUnits(np.asarray(values, np.float32)[:, None], ("AU45",))


def test_openface_needs_au45_alone_and_its_threshold_belongs_to_the_blink():
    intensity = [0, 0, 0.9, 1.0, 3.0, 1.0, 0.9, 0, 0, 0]
    clip = make_clip(10, predicted={"openface": au45(intensity)})
    clip = replace(clip, signals={"openface": au45(np.zeros(10))})
    metric = catalog.build("blink/openface")
    metric.begin(clip)
    result = metric.compute()
    assert result.details["prediction"]["durations_frames"] == [3]
    assert result.values["blink_duration/openface"] == pytest.approx(3 / 25)
    assert result.values["blink_rate/openface"] == pytest.approx(1 / 0.4)
    frames = noise_frames(0, 10)
    check_metric(metric, clip, frames, frames)


def test_the_synthetic_regressors_lids(monkeypatch):
    metric = build("blink/synthetic", monkeypatch)
    expression = np.zeros((12, 24))
    expression[4:8, 19] = [0.4, 0.6, 0.9, 0.5]  # AU45 of 2, 3, 4.5 and 2.5 of 5
    result = run_faces(
        metric, faces_of(expression=expression), faces_of(expression=np.zeros((12, 24)))
    )
    assert result.details["prediction"]["durations_frames"] == [3]


def test_conformance_with_the_synthetic_regressor():
    frames = [noise_frames(seed, 6, 64, 64) for seed in (0, 1)]
    check_metric(catalog.build("blink/synthetic"), make_clip(6, 64, 64), *frames)


@pytest.mark.shared
def test_a_real_face_blinks_twice(monkeypatch):
    """Of a GRID sequence; by eye, lids are shut at 43, 44 and 51 to 53, half at 50 and 54."""
    import av

    assets = Path(__file__).resolve().parents[3] / "shared/assets"
    monkeypatch.setenv("HARNESS_WEIGHTS", str(assets / "weights"))
    with av.open(str(assets / "video/grid/bbaf2n.mpg")) as video:
        frames = np.stack([f.to_ndarray(format="rgb24") for f in video.decode(video=0)][36:64])
    clip = make_clip(len(frames), *frames.shape[1:3])
    still = np.repeat(frames[:1], len(frames), 0)
    result = run(catalog.build("blink/mp478"), clip, still, frames)
    assert result.details["truth"]["durations_frames"] == [2, 5]
    assert result.details["prediction"]["blinks"] == 0
    seconds = len(frames) / 25
    assert result.values["blink_rate_error/mp478"] == pytest.approx(2 / seconds)
