import sys

import cv2
import numpy as np
import pytest

from harness.contracts import BadInput, Unavailable
from harness.media.face_landmarker import FaceLandmarker, NoFace, SeveralFaces, squares
from harness.media.video import read_frames


def test_without_mediapipe(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    with pytest.raises(Unavailable, match=r"pip install -e .\.\[video\]"):
        FaceLandmarker(tmp_path / "face_landmarker.task")


def test_missing_and_foreign_model(tmp_path):
    with pytest.raises(BadInput, match="no such file"):
        FaceLandmarker(tmp_path / "none.task")
    (tmp_path / "a.task").write_bytes(b"not a model" * 100)
    with pytest.raises(BadInput, match="not a face landmarker"):
        FaceLandmarker(tmp_path / "a.task")


@pytest.fixture(scope="module")
def model(assets):
    return assets / "weights" / "face_landmarker.task"


@pytest.fixture(scope="module")
def frame(assets):
    return next(read_frames(assets / "video" / "obama_20s.mp4"))


@pytest.mark.shared
def test_one_face_no_face_two_faces(model, frame):
    with FaceLandmarker(model) as landmarker:
        face = landmarker.detect(frame)
        assert face.landmarks.shape == (478, 2)
        assert face.depth.shape == (478,)
        assert face.blendshapes.shape == (52,)
        assert face.names[0] == "_neutral"
        assert {"jawOpen", "eyeBlinkLeft"} <= set(face.names)
        assert ((face.blendshapes >= 0) & (face.blendshapes <= 1)).all()
        assert np.allclose(face.pose[3], [0, 0, 0, 1])
        nose, chin, left, right = face.landmarks[[4, 152, 234, 454]]
        assert left[0] < nose[0] < right[0]
        assert nose[1] < chin[1]
        assert ((face.landmarks > 0) & (face.landmarks < 450)).all()
        assert face.depth[4] < face.depth[234]
        with pytest.raises(NoFace, match="frame 3"):
            landmarker.detect(np.full((240, 320, 3), 90, np.uint8), "frame 3")
        with pytest.raises(SeveralFaces) as raised:
            landmarker.detect(np.hstack([frame, frame]))
        assert raised.value.count == 2
        with pytest.raises(TypeError, match="uint8"):
            landmarker.detect(frame.astype(np.float32))


@pytest.mark.shared
def test_a_picture_does_not_depend_on_the_ones_before(model, frame):
    with FaceLandmarker(model) as fresh:
        first = fresh.detect(frame)
    with FaceLandmarker(model) as used:
        used.detect_all(frame[:, ::-1].copy())
        used.detect_all(np.zeros_like(frame))
        again = used.detect(frame)
    assert np.array_equal(first.landmarks, again.landmarks)
    assert np.array_equal(first.blendshapes, again.blendshapes)


@pytest.mark.shared
def test_quiet(model, frame, capfd):
    with FaceLandmarker(model) as landmarker:
        landmarker.detect(frame)
    assert capfd.readouterr().err == ""


@pytest.mark.shared
@pytest.mark.parametrize(("x", "y"), [(40, 30), (900, 480), (500, 250)])
def test_a_small_face_is_found_at_a_second_look(model, frame, x, y):
    """A person far off in a wide picture, at 110 pixels of 1280."""
    small = cv2.resize(frame, (110, 110), interpolation=cv2.INTER_AREA)
    wide = np.full((720, 1280, 3), 110, np.uint8)
    wide[y : y + 110, x : x + 110] = small
    with FaceLandmarker(model) as landmarker:
        (there,) = landmarker.detect_all(wide)
        (near,) = landmarker.detect_all(cv2.resize(small, (440, 440)))
    expected = near.landmarks / 4 + [x, y]
    assert np.abs(there.landmarks - expected).mean() < 2


@pytest.mark.parametrize(("height", "width"), [(720, 1280), (1920, 1080), (450, 450), (64, 4000)])
def test_squares_cover_a_frame_and_overlap(height, width):
    seen = np.zeros((height, width), int)
    for top, left, side in squares(height, width):
        assert 0 <= top <= height - side
        assert 0 <= left <= width - side
        seen[top : top + side, left : left + side] += 1
    assert seen.min() >= 2
    assert len(squares(720, 1280)) <= 24
