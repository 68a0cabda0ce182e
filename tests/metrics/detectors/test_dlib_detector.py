"""dlib as evaluation_eat uses it; the shape predictor is a small one, trained here."""

from pathlib import Path

import cv2
import dlib
import numpy as np
import pytest
from helpers import make_clip, run
from PIL import Image

from harness.contracts import BadInput
from metrics import catalog
from metrics.detectors.dlib68 import open_extractor

ASSETS = Path(__file__).resolve().parents[4] / "shared/assets"


@pytest.fixture(scope="module")
def predictor(tmp_path_factory):
    """A shape predictor of 68 points from five images of noise: any file of that kind serves."""
    rng = np.random.default_rng(0)
    pictures, shapes = [], []
    for _ in range(5):
        pictures.append(rng.integers(0, 255, (80, 80), dtype=np.uint8))
        points = [dlib.point(*map(int, p)) for p in rng.integers(10, 70, (68, 2))]
        box = dlib.rectangle(10, 10, 70, 70)
        shapes.append([dlib.full_object_detection(box, points)])
    options = dlib.shape_predictor_training_options()
    options.tree_depth, options.cascade_depth, options.oversampling_amount = 2, 2, 2
    options.num_trees_per_cascade_level, options.num_test_splits = 5, 5
    path = tmp_path_factory.mktemp("dlib") / "points.dat"
    dlib.train_shape_predictor(pictures, shapes, options).save(str(path))
    return path


def test_frames_without_a_face_are_failures(predictor):
    look = open_extractor((predictor,), "cpu")
    found = look(np.full((2, 64, 64, 3), 120, np.uint8))
    assert found.reasons == ("no_face", "no_face")
    assert np.isnan(found.landmarks).all()


def test_a_foreign_file_is_a_sentence(tmp_path):
    (tmp_path / "x.dat").write_bytes(b"nothing of the kind")
    with pytest.raises(BadInput, match="not a dlib shape predictor"):
        open_extractor((tmp_path / "x.dat",), "cpu")


def reference_lmd(predictor, prediction, truth):
    """The script's loops, over dlib's points."""
    detector, shape = dlib.get_frontal_face_detector(), dlib.shape_predictor(str(predictor))

    def points(frame):
        grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
        box = detector(grey, 0)[0]
        return np.array([(p.x, p.y) for p in shape(grey, box).parts()], float)

    sums = []
    for region in (slice(48, 68), slice(None)):
        total = 0.0
        for a, b in zip(prediction, truth, strict=True):
            p, q = points(a)[region], points(b)[region]
            p, q = p - p.mean(0), q - q.mean(0)
            total += sum(float(np.hypot(*(u - v))) for u, v in zip(p, q, strict=True)) / len(p)
        sums.append(total / len(truth))
    return sums


@pytest.mark.shared
def test_equals_the_script_on_real_faces(predictor):
    def portrait(width, height, shift):
        picture = Image.open(ASSETS / "images/obama.jpg").convert("RGB").resize((width, height))
        frame = np.zeros((800, 640, 3), np.uint8)
        frame[:height, :width] = np.asarray(picture)
        return np.roll(frame, shift, 1)

    truth = np.stack([portrait(640, 800, 0), portrait(640, 800, 4)])
    prediction = np.stack([portrait(600, 800, 0), portrait(640, 780, 9)])
    metric = catalog.spec("m_lmd/dlib68")
    from metrics.lmd import LMD

    built = LMD(metric, {"dlib-landmarks": predictor})
    result = run(built, make_clip(2, 800, 640), prediction, truth, batch=1)
    expected = reference_lmd(predictor, prediction, truth)
    assert list(result.values.values()) == pytest.approx(expected, abs=1e-9)
    assert expected[0] > 0
    assert result.details["detector"].startswith("dlib frontal")
    blank = truth.copy()
    blank[0] = 90
    lost = run(built, make_clip(2, 800, 640), blank, truth)
    assert [(f.type, f.item) for f in lost.failures] == [("no_face", 0)]
    assert lost.n == 1
