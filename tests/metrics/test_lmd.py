import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.weights import registry
from metrics import catalog
from metrics.lmd import IBUG_MOUTH, LMD, MP_LIPS, landmark_distance


def points(seed, t=5, p=68):
    return np.random.default_rng(seed).uniform(0, 128, (t, p, 2))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(-50, 50), st.floats(-50, 50))
def test_blind_to_translation_and_symmetric(seed, dx, dy):
    a, b = points(seed), points(seed + 1)
    np.testing.assert_allclose(landmark_distance(a + np.array([dx, dy]), a), 0, atol=1e-9)
    np.testing.assert_allclose(landmark_distance(a, b), landmark_distance(b, a), atol=1e-12)


def test_scaling_is_the_mean_radius():
    a = points(0)
    radius = np.linalg.norm(a - a.mean(1, keepdims=True), axis=-1).mean(1)
    np.testing.assert_allclose(landmark_distance(1.3 * a, a), 0.3 * radius)


def test_one_of_twenty_points_moved():
    a = points(0, 3, 20)
    b = a.copy()
    b[:, 7] += [3.0, 4.0]
    np.testing.assert_allclose(landmark_distance(b, a), 0.095 * 5.0)


def test_mouth_column_sees_the_mouth_alone():
    metric = LMD(catalog.spec("lmd/synthetic"), {})
    metric._clip = type("Clip", (), {"height": 128, "width": 128})
    truth = points(0)
    prediction = truth.copy()
    prediction[:, :17] += np.random.default_rng(1).normal(size=(5, 17, 2))
    values = metric.score(prediction, truth, np.arange(len(truth))).values
    assert values["lmd/synthetic"] == pytest.approx(0, abs=1e-12)
    assert values["lmd_face/synthetic"] > 0.1


def test_lip_indices_are_mediapipes_own():
    from mediapipe.tasks.python.vision import FaceLandmarksConnections as Connections

    own = {i for c in Connections.FACE_LANDMARKS_LIPS for i in (c.start, c.end)}
    assert set(MP_LIPS) == own
    assert len(MP_LIPS) == len(own) == 40
    assert tuple(range(48, 68)) == IBUG_MOUTH


def test_mediapipe_variant_is_never_called_lmd_alone():
    assert [c.name for c in catalog.spec("lmd/mp478").columns] == ["lmd/mp478", "lmd_face/mp478"]
    assert "mediapipe-face-landmarker" in registry()


def test_refuses_shapes_that_do_not_pair():
    with pytest.raises(ValueError, match=r"\[T,P,2\]"):
        landmark_distance(points(0, 5), points(0, 4))


class MetersOfTheField:
    """LMDMeter of TalkingGaussian and `ld` of evaluation_eat, rewritten for landmarks [T,68,2]."""

    @staticmethod
    def lmd_meter(prediction, truth, region):
        values = []
        for p, q in zip(prediction.astype(np.float32), truth.astype(np.float32), strict=True):
            p, q = p[region], q[region]
            values.append(np.sqrt((((p - p.mean(0)) - (q - q.mean(0))) ** 2).sum(1)).mean(0))
        return sum(values) / len(values)

    @staticmethod
    def evaluation_eat(prediction, truth, region):
        total = 0.0
        for p, q in zip(prediction, truth, strict=True):
            px, py, qx, qy = (v - v.mean() for v in (*p[region].T, *q[region].T))
            total += sum(map(math.hypot, px - qx, py - qy))
        return total / (len(truth) * len(range(68)[region]))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_m_lmd_and_f_lmd_are_lmd_by_another_name(seed):
    truth = np.rint(points(seed, 4))
    prediction = truth + np.random.default_rng(seed).integers(-3, 4, truth.shape)
    metric = LMD(catalog.spec("lmd/fan68"), {})
    metric._clip = type("Clip", (), {"height": 128, "width": 128})
    values = metric.score(prediction, truth, np.arange(4)).values
    for name, region in (("lmd/fan68", slice(48, 68)), ("lmd_face/fan68", slice(0, 68))):
        for meter in (MetersOfTheField.lmd_meter, MetersOfTheField.evaluation_eat):
            assert values[name] == pytest.approx(meter(prediction, truth, region), rel=1e-5)


def test_a_common_scale_counts_as_distance_a_common_shift_does_not():
    metric = LMD(catalog.spec("lmd/fan68"), {})
    metric._clip = type("Clip", (), {"height": 128, "width": 128})
    truth = points(3)
    radius = {
        name: np.linalg.norm(p - p.mean(1, keepdims=True), axis=-1).mean()
        for name, p in (("lmd/fan68", truth[:, 48:]), ("lmd_face/fan68", truth))
    }
    assert metric.score(truth + 7, truth, np.arange(5)).values == pytest.approx(
        dict.fromkeys(radius, 0.0), abs=1e-12
    )
    assert metric.score(1.25 * truth, truth, np.arange(5)).values == pytest.approx(
        {name: 0.25 * r for name, r in radius.items()}
    )


def test_the_spec_says_what_other_names_there_are():
    spec = catalog.spec("lmd/fan68")
    assert spec.weights == ("s3fd-fan", "fan-2d4")
    assert set(spec.weights) <= set(registry())
    assert any("M-LMD" in trap and "dlib" in trap for trap in spec.traps)
    assert not {"m_lmd/fan68", "f_lmd/fan68"} & {
        c.name for s in catalog.specs().values() for c in s.columns
    }
    for variant in ("fan68", "synthetic", "mp478"):
        known = catalog.spec(f"lmd/{variant}")
        assert known.formula
        assert known.traps
