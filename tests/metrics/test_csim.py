from itertools import islice
from pathlib import Path

import numpy as np
import onnx_models
import onnxruntime
import pytest
from helpers import make_clip, run
from PIL import Image
from stand_ins import build, face, frames, landmarker  # noqa: F401

from harness import testing
from harness.contracts import FeatureCache, FrameBatch
from metrics import catalog
from metrics.common.alignment import ARCFACE_TEMPLATE, five_points, similarity, warp
from metrics.common.faces import Faces
from metrics.csim import CSIM, arcface_input, cosines

COLUMN, REFERENCE = "csim/arcface", "csim_ref/arcface"
ASSETS = Path(__file__).resolve().parents[3] / "shared/assets"


@pytest.fixture
def csim(landmarker, tmp_path):  # noqa: F811
    return build("csim/arcface", "arcface", onnx_models.arcface(tmp_path / "w600k_r50.onnx"))


def score(metric, prediction, truth, reasons=None):
    """The result of embeddings float [n,512], as if a network had made them."""
    n = len(truth)
    landmarks, found = np.zeros((n, 478, 2)), np.zeros((n, 52))
    metric.begin(make_clip(n, 8, 8))
    cache = FeatureCache()
    for side, values in (("prediction", prediction), ("truth", truth)):
        why = tuple((reasons or {}).get(side, {}).get(i) for i in range(n))
        cache.get(f"faces/mp/{side}", lambda why=why: Faces(landmarks, found, why))
        cache.get(f"arcface/mp/{side}", lambda values=values: values)
    black = np.zeros((n, 8, 8, 3), np.uint8)
    metric.update(FrameBatch(0, black, black, cache))
    return metric.compute()


def embeddings(seed, n=6):
    return np.random.default_rng(seed).normal(size=(n, 512)).astype(np.float32)


def test_a_face_has_its_own_identity(csim):
    pictures = frames(0, 5)
    result = run(csim, make_clip(5, 128, 128), pictures, pictures)
    assert result.values[COLUMN] == pytest.approx(1, abs=1e-6)
    assert result.values[REFERENCE] < 1
    assert result.items[REFERENCE][0] == pytest.approx(1, abs=1e-6)


def test_the_whole_path_against_one_written_otherwise(csim, tmp_path):
    prediction, truth = frames(1, 3), frames(2, 3)
    result = run(csim, make_clip(3, 128, 128), prediction, truth, batch=2)
    session = onnxruntime.InferenceSession(str(tmp_path / "w600k_r50.onnx"))

    def embed(frame):
        landmarks = face(frame[0, 0, 0] / 64)
        crop = warp(frame, similarity(five_points(landmarks), ARCFACE_TEMPLATE), 112)
        # As insightface: the image is BGR, the blob swaps the channels back.
        bgr = crop[..., ::-1].astype(np.float64)
        blob = (bgr[..., ::-1] - 127.5) / 127.5
        x = np.ascontiguousarray(blob.transpose(2, 0, 1)[None].astype(np.float32))
        vector = session.run(None, {"input.1": x})[0][0].astype(np.float64)
        return vector / np.sqrt((vector**2).sum())

    p, g = [[embed(f) for f in side] for side in (prediction, truth)]
    paired = [sum(a * b) for a, b in zip(p, g, strict=True)]
    first = [sum(a * g[0]) for a in p]
    np.testing.assert_allclose(result.items[COLUMN], paired, atol=1e-5)
    np.testing.assert_allclose(result.items[REFERENCE], first, atol=1e-5)
    assert result.values[COLUMN] == pytest.approx(np.mean(paired), abs=1e-5)
    assert result.values[REFERENCE] == pytest.approx(np.mean(first), abs=1e-5)
    assert result.values[COLUMN] != pytest.approx(result.values[REFERENCE], abs=1e-3)
    assert result.n == 3


def test_the_input_of_the_network():
    crop = np.zeros((1, 112, 112, 3), np.uint8)
    crop[..., 0], crop[..., 2] = 255, 51
    x = arcface_input(crop)
    assert x.dtype == np.float32
    assert x.shape == (1, 3, 112, 112)
    np.testing.assert_allclose(x[0, :, 3, 4], [1, -1, -0.6], atol=1e-6)


def test_cosines():
    a, b = embeddings(0), embeddings(1)
    assert cosines(a, a) == pytest.approx(1, abs=1e-12)
    assert cosines(a, -a) == pytest.approx(-1, abs=1e-12)
    np.testing.assert_allclose(cosines(4 * a, 0.125 * b), cosines(a, b), atol=1e-12)
    left, right = np.eye(6, 512), np.eye(6, 512, 100)
    assert cosines(left, right).tolist() == [0.0] * 6
    np.testing.assert_allclose(cosines(a, b[0])[3], cosines(a[3:4], b[:1])[0])
    a[2] = 0
    assert np.flatnonzero(np.isnan(cosines(a, b))).tolist() == [2]


def test_other_lengths_of_embeddings_change_nothing(csim):
    p, g = embeddings(2), embeddings(3)
    one, other = score(csim, p, g), score(csim, 7 * p, 0.2 * g)
    assert one.values == pytest.approx(other.values, abs=1e-6)


def test_a_frame_without_a_face_is_a_failure_and_no_zero(csim):
    p, g = embeddings(4), embeddings(5)
    p[3] = np.nan
    result = score(csim, p, g, {"prediction": {3: "no_face"}})
    assert [(f.type, f.item) for f in result.failures] == [("no_face", 3)]
    assert np.flatnonzero(np.isnan(result.items[COLUMN])).tolist() == [3]
    assert result.n == 5
    rest = np.delete(np.arange(6), 3)
    expected = [
        np.dot(a, b) / np.linalg.norm(a) / np.linalg.norm(b) for a, b in zip(p, g, strict=True)
    ]
    assert result.values[COLUMN] == pytest.approx(np.take(expected, rest).mean(), abs=1e-6)


def test_the_reference_is_the_first_true_frame_even_where_the_prediction_has_no_face(csim):
    p, g = embeddings(6), embeddings(7)
    p[0] = np.nan
    result = score(csim, p, g, {"prediction": {0: "no_face"}})
    assert result.items[REFERENCE][1:] == pytest.approx(cosines(p[1:], g[0]))
    assert np.isnan(result.items[REFERENCE][0])


def test_without_a_reference_there_is_no_value_for_it(csim):
    p, g = embeddings(8), embeddings(9)
    g[0] = np.nan
    result = score(csim, p, g, {"truth": {0: "several_faces"}})
    assert result.values[REFERENCE] is None
    assert result.values[COLUMN] is not None
    assert {f.type for f in result.failures} == {"several_faces", "no_reference"}
    assert REFERENCE not in result.items


def test_embeddings_that_are_not_finite_or_have_no_length_fail(csim):
    p, g = embeddings(10), embeddings(11)
    p[1, 5], p[2] = np.inf, 0
    result = score(csim, p, g)
    assert [(f.type, f.item) for f in result.failures] == [("nan", 1), ("zero_embedding", 2)]
    assert np.flatnonzero(np.isnan(result.items[COLUMN])).tolist() == [1, 2]


def test_dark_frames_alone_give_no_value(csim):
    black = np.zeros((3, 128, 128, 3), np.uint8)
    result = run(csim, make_clip(3, 128, 128), black, frames(0, 3))
    assert result.values == {COLUMN: None, REFERENCE: None}
    assert {f.type for f in result.failures} == {"no_face", "no_frames"}


def test_conformance(csim):
    prediction, truth = frames(3, 7), frames(4, 7)
    prediction[2] = 0
    testing.check_metric(csim, make_clip(7, 128, 128), prediction, truth)
    testing.check_spec_reads_without_torch("metrics.csim")


def test_details_say_what_a_reviewer_asks(csim):
    pictures = frames(5, 2)
    details = run(csim, make_clip(2, 128, 128), pictures, pictures).details
    assert details["dim"] == 512
    assert details["extractor"] == "mp"
    assert details["five_points"] == [468, 473, 1, 61, 291]
    assert details["n_frames"] == 2
    spec = catalog.spec("csim/arcface")
    assert spec.formula
    assert any("SCRFD" in trap for trap in spec.traps)


@pytest.mark.shared
@pytest.mark.weights("arcface", "mediapipe-face-landmarker")
def test_the_published_network_knows_a_person():
    import av

    with av.open(str(ASSETS / "video/obama_20s.mp4")) as video:
        pictures = [f.to_ndarray(format="rgb24") for f in islice(video.decode(video=0), 0, 40, 10)]
    truth = np.stack(pictures)
    biden = Image.open(ASSETS / "images/biden.jpg").convert("RGB").crop((0, 0, 970, 970))
    other = np.repeat(np.asarray(biden.resize(truth.shape[2:0:-1]))[None], len(truth), 0)
    metric, clip = catalog.build("csim/arcface"), make_clip(len(truth), *truth.shape[1:3])
    same = run(metric, clip, truth[::-1].copy(), truth).values
    stranger = run(metric, clip, other, truth).values
    assert min(same.values()) > 0.5
    assert min(same.values()) - max(stranger.values()) > 0.3


def test_metrics_share_a_network(landmarker, tmp_path):  # noqa: F811
    path = onnx_models.arcface(tmp_path / "w600k_r50.onnx")
    first, second = (build("csim/arcface", "arcface", path) for _ in range(2))
    for metric in (first, second):
        metric.begin(make_clip(1, 128, 128))
    assert first._net is second._net


@pytest.mark.shared
def test_a_real_video_through_mediapipe_and_a_network(tmp_path):
    import av

    with av.open(str(ASSETS / "video/obama_20s.mp4")) as video:
        pictures = [f.to_ndarray(format="rgb24") for f in islice(video.decode(video=0), 6)]
    truth = np.stack(pictures)
    spec = catalog.spec("csim/arcface")
    files = {
        "arcface": onnx_models.arcface(tmp_path / "w600k_r50.onnx"),
        "mediapipe-face-landmarker": ASSETS / "weights/face_landmarker.task",
    }
    blank = truth.copy()
    blank[2] = 127
    result = run(CSIM(spec, files), make_clip(6, *truth.shape[1:3]), blank, truth)
    assert result.values[COLUMN] == pytest.approx(1, abs=1e-6)
    assert result.values[REFERENCE] < 1 - 1e-6
    assert [(f.type, f.item) for f in result.failures] == [("no_face", 2)]
