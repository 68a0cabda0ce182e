import numpy as np
import pytest
from helpers import make_clip, noise_frames

from harness.contracts import FeatureCache, FrameBatch
from harness.weights import resolve
from metrics import catalog
from metrics.common.faces import Faces
from metrics.common.frechet import frechet_distance
from metrics.e_fid import EFID
from metrics.lmd import LMD

WEIGHTS = {"synthetic-face": resolve("synthetic-face")}


def found(expression, reasons=None):
    n = len(expression)
    landmarks = np.random.default_rng(0).uniform(0, 100, (n, 68, 2))
    return Faces(landmarks, expression, tuple(reasons or [None] * n))


def run_on(metric, prediction, truth, parts=((0, 4), (4, 100))):
    """Feed faces as if a detector had found them, in batches."""
    n = len(truth.expression)
    metric.begin(make_clip(n, 8, 8))
    for a, b in parts:
        frames = noise_frames(0, min(b, n) - a, 8, 8)
        cache = FeatureCache()
        for side, whole in (("prediction", prediction), ("truth", truth)):
            part = Faces(whole.landmarks[a:b], whole.expression[a:b], whole.reasons[a:b])
            cache.get(f"faces/synthetic/{side}", lambda part=part: part)
        metric.update(FrameBatch(a, frames, frames, cache))
    return metric.compute()


def features(seed, n=60, d=24):
    return np.random.default_rng(seed).normal(size=(n, d))


def test_clip_value_is_the_distance_of_its_frames():
    x, y = features(0), features(1) * 1.5
    metric = EFID(catalog.spec("e_fid/synthetic"), WEIGHTS)
    result = run_on(metric, found(x), found(y))
    assert result.values["e_fid/synthetic"] == pytest.approx(frechet_distance(x, y))
    assert result.details["dim"] == 24
    assert result.details["n_frames"] == 60
    assert result.details["extractor"] == "synthetic"
    assert "biased" in result.warnings[0]


def test_a_frame_that_fails_leaves_both_sides_and_is_counted():
    x, y = features(0), features(1)
    reasons = [None] * 60
    reasons[7] = "no_face"
    broken = x.copy()
    broken[7] = np.nan
    result = run_on(
        EFID(catalog.spec("e_fid/synthetic"), WEIGHTS), found(broken, reasons), found(y)
    )
    keep = np.delete(np.arange(60), 7)
    assert result.values["e_fid/synthetic"] == pytest.approx(frechet_distance(x[keep], y[keep]))
    assert [(f.type, f.item) for f in result.failures] == [("no_face", 7)]
    assert "prediction" in result.failures[0].message
    assert result.n == 59
    assert result.details["n_refused"] == 1


def test_no_face_anywhere_is_no_value():
    x = np.full((60, 24), np.nan)
    metric = EFID(catalog.spec("e_fid/synthetic"), WEIGHTS)
    result = run_on(metric, found(x, ["several_faces"] * 60), found(features(0)))
    assert result.values == {"e_fid/synthetic": None}
    assert result.n == 0
    assert {f.type for f in result.failures} == {"several_faces", "no_frames"}
    assert metric.pool([result]) == {"e_fid/synthetic": None}


def test_pool_is_over_all_frames_and_not_the_mean_of_clips():
    metric = EFID(catalog.spec("e_fid/synthetic"), WEIGHTS)
    clips = [(features(s), features(s + 10) + s) for s in range(3)]
    results = [run_on(metric, found(x), found(y)) for x, y in clips]
    pooled = metric.pool(results)["e_fid/synthetic"]
    expected = frechet_distance(*(np.concatenate(side) for side in zip(*clips, strict=True)))
    assert pooled == pytest.approx(expected)
    assert pooled != pytest.approx(
        np.mean([r.values["e_fid/synthetic"] for r in results]), rel=0.05
    )
    assert metric.pooling.startswith("global")


def test_failed_frames_are_nan_in_the_items_of_lmd():
    x = features(0)
    reasons = ["no_face" if t == 3 else None for t in range(60)]
    result = run_on(LMD(catalog.spec("lmd/synthetic"), WEIGHTS), found(x, reasons), found(x))
    items = result.items["lmd/synthetic"]
    assert items.shape == (60,)
    assert np.flatnonzero(np.isnan(items)).tolist() == [3]
    assert result.values["lmd/synthetic"] == 0
    assert result.details["resolution"] == [8, 8]
