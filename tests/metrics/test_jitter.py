from dataclasses import replace

import numpy as np
import pytest
from faked import build, faces_of, run_faces
from helpers import make_clip, noise_frames
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.testing import check_metric
from metrics import catalog

MINE, THEIRS, ERROR = (f"jitter{part}/synthetic" for part in ("", "_truth", "_error"))
STILL = np.random.default_rng(0).uniform(0, 100, (68, 2))


def moving(path):
    """The face's points, all moved along a path [T,2]."""
    return STILL[None] + np.asarray(path, float)[:, None]


def noise(seed, count=12):
    return np.random.default_rng(seed).uniform(0, 100, (count, 68, 2))


@pytest.fixture
def metric(monkeypatch):
    return build("jitter/synthetic", monkeypatch)


def test_half_a_t_squared_has_jitter_a(metric):
    t = np.arange(20) / 25.0  # the sequence's 25 frames a second
    path = np.stack([0.5 * 30.0 * t**2, 0.5 * 40.0 * t**2], 1)  # |a| = 50 px/s^2
    result = run_faces(metric, faces_of(moving(path)), faces_of(moving(np.zeros((20, 2)))))
    assert result.values[MINE] == pytest.approx(50.0)
    assert result.values[THEIRS] == pytest.approx(0.0, abs=1e-9)
    assert result.values[ERROR] == pytest.approx(50.0)
    assert result.n == 18


def test_frame_rate_enters_squared(metric):
    faces = faces_of(noise(1))
    slow = run_faces(metric, faces, faces).values[MINE]
    clip = replace(make_clip(12, 8, 8), fps=50.0)
    assert run_faces(metric, faces, faces, clip=clip).values[MINE] == pytest.approx(4 * slow)


@settings(max_examples=20, deadline=None)
@given(st.floats(-50, 50), st.floats(-50, 50))
def test_steady_motion_has_none(vx, vy):
    with pytest.MonkeyPatch.context() as patch:
        metric = build("jitter/synthetic", patch)
        path = np.arange(7)[:, None] * [vx, vy]
        values = run_faces(metric, faces_of(moving(path)), faces_of(moving(path))).values
    assert values[MINE] == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize("batch", [1, 2, 3, 5, 12])
def test_equals_the_plain_definition_in_any_batches(metric, batch):
    a, b = noise(1), noise(2)
    values = run_faces(metric, faces_of(a), faces_of(b), batch).values
    own, true = (
        np.mean(
            [
                np.hypot(*(side[t + 1, p] - 2 * side[t, p] + side[t - 1, p]))
                for t in range(1, 11)
                for p in range(68)
            ]
        )
        * 25.0**2
        for side in (a, b)
    )
    assert values == pytest.approx({MINE: own, THEIRS: true, ERROR: abs(own - true)})


@pytest.mark.parametrize("batch", [1, 2, 4, 12])
def test_a_missing_face_breaks_the_chain_on_both_sides(metric, batch):
    a, b = noise(1), noise(2)
    result = run_faces(metric, faces_of(a, lost=[5]), faces_of(b), batch)
    kept = np.flatnonzero(np.isfinite(result.items[THEIRS])).tolist()
    assert kept == [1, 2, 3, 7, 8, 9, 10]
    assert np.array_equal(np.isfinite(result.items[MINE]), np.isfinite(result.items[THEIRS]))
    expected = np.linalg.norm(np.diff(b, 2, axis=0), axis=-1).mean(1)[[t - 1 for t in kept]]
    assert result.values[THEIRS] == pytest.approx(expected.mean() * 625)
    assert [(f.type, f.item) for f in result.failures] == [("no_face", 5)]
    assert (result.n, result.details["n_refused"]) == (7, 1)


@pytest.mark.parametrize("lost", [range(12), range(2, 12), [2, 5, 8, 11]])
def test_without_three_frames_in_a_row_there_is_no_value(metric, lost):
    result = run_faces(metric, faces_of(noise(1), lost=lost), faces_of(noise(2)))
    assert set(result.values.values()) == {None}
    assert result.failures[-1].type == "too_short"
    metric.begin(make_clip(0, 8, 8))
    assert set(metric.compute().values.values()) == {None}


def test_keeps_two_frames_between_batches(metric):
    run_faces(metric, faces_of(noise(1)), faces_of(noise(2)), 12)
    assert metric._last.shape == (2, 2, 68, 2)


@pytest.mark.parametrize("variant", ["fan68", "mp478"])
def test_every_extractor_is_measured_alike(monkeypatch, variant):
    metric = build(f"jitter/{variant}", monkeypatch)
    result = run_faces(metric, faces_of(noise(1)), faces_of(noise(2)))
    own = np.linalg.norm(np.diff(noise(1), 2, axis=0), axis=-1).mean() * 625
    assert result.values[f"jitter/{variant}"] == pytest.approx(own)
    assert result.details["points"] == 68


def test_conformance_with_the_synthetic_regressor():
    frames = [noise_frames(seed, 6, 64, 64) for seed in (0, 1)]
    check_metric(catalog.build("jitter/synthetic"), make_clip(6, 64, 64), *frames)
