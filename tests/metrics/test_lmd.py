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
