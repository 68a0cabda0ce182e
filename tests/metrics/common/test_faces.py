from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from helpers import make_clip, noise_frames, run

from harness.contracts import FeatureCache, FrameBatch
from harness.media.face_landmarker import NoFace, SeveralFaces
from metrics import catalog
from metrics.common.faces import faces, failures, open_detector
from metrics.detectors.mp import mp_faces
from metrics.detectors.synthetic import face_net

ROOT = Path(__file__).resolve().parents[3]


class Detector:
    """Finds a face in bright frames, none in dark ones, two in frames of one colour."""

    def __init__(self):
        self.asked = 0

    def detect(self, frame):
        self.asked += 1
        if frame.max() < 10:
            raise NoFace
        if frame.std() == 0:
            raise SeveralFaces(2)
        face = type("Face", (), {})()
        face.landmarks, face.blendshapes = np.full((478, 2), 3.0), np.full(52, 0.5)
        return face


def test_frames_without_one_face_are_typed_and_nan():
    frames = noise_frames(0, 4, 16, 16)
    frames[1], frames[2] = 0, 200
    found = mp_faces(Detector(), frames)
    assert found.reasons == (None, "no_face", "several_faces", None)
    assert found.found.tolist() == [True, False, False, True]
    assert np.isnan(found.landmarks[1:3]).all()
    assert np.isfinite(found.expression[[0, 3]]).all()
    told = failures(found, "prediction", 100)
    assert [(f.type, f.item) for f in told] == [("no_face", 101), ("several_faces", 102)]


def test_faces_are_looked_for_once_per_batch_and_side(monkeypatch):
    looks = Detector()
    monkeypatch.setattr("harness.media.face_landmarker.FaceLandmarker", lambda path: looks)
    frames = noise_frames(0, 3, 16, 16)
    batch = FrameBatch(0, frames, frames, FeatureCache())
    weights = {"mediapipe-face-landmarker": Path("unused")}
    detector = open_detector("mp", weights)
    assert open_detector("mp", weights) is detector
    first = faces(batch, "truth", detector)
    assert faces(batch, "truth", detector) is first
    assert looks.asked == 3
    faces(batch, "prediction", detector)
    assert looks.asked == 6


@pytest.mark.shared
def test_mediapipe_metrics_on_a_real_face(monkeypatch):
    import av

    assets = ROOT.parent / "shared/assets"
    monkeypatch.setenv("HARNESS_WEIGHTS", str(assets / "weights"))
    with av.open(str(assets / "video/obama_20s.mp4")) as video:
        frames = [f.to_ndarray(format="rgb24") for f in islice(video.decode(video=0), 14)]
    truth = np.stack(frames[:10])
    clip = make_clip(10, *truth.shape[1:3])
    lmd, e_fid = catalog.build("lmd/mp478"), catalog.build("e_fid/mp52")
    same = run(lmd, clip, truth, truth)
    assert same.values == {"lmd/mp478": 0.0, "lmd_face/mp478": 0.0}
    assert same.n == 10
    assert same.details["mouth_points"] == 40
    later = np.stack(frames[4:])
    moved = run(lmd, clip, later, truth)
    assert 0.05 < moved.values["lmd/mp478"] < 20
    assert run(e_fid, clip, truth, truth).values["e_fid/mp52"] == pytest.approx(0, abs=1e-6)
    assert run(e_fid, clip, later, truth).values["e_fid/mp52"] > 0
    blank = truth.copy()
    blank[2] = 127
    assert [(f.type, f.item) for f in run(lmd, clip, blank, truth).failures] == [("no_face", 2)]


def test_the_regressor_is_read_once():
    path = ROOT / "metrics/weights/synthetic-face.safetensors"
    assert face_net(path, "cpu") is face_net(path, "cpu")
