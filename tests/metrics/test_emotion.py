import numpy as np
import onnx_models
import onnxruntime
import pytest
from helpers import make_clip, run
from PIL import Image
from stand_ins import build, face, frames, landmarker  # noqa: F401

from harness import testing
from harness.contracts import BadInput, Clip, FeatureCache, FrameBatch
from harness.contracts.signals import EMOTIONS, EmotionTrack
from metrics import catalog
from metrics.common.faces import Faces
from metrics.common.hsemotion import CLASSES
from metrics.common.numerics import ccc
from metrics.emotion import CLASS_OF_LABEL, MEAD_TO_AFFECTNET, agreements

ACC, VOTE, MATCH = "emotion_acc/hsemotion", "emotion_vote/hsemotion", "emotion_match/hsemotion"
VA = tuple(f"{a}_{k}/hsemotion" for k in ("ccc", "rmse", "sagr") for a in ("valence", "arousal"))


@pytest.fixture
def make(landmarker, tmp_path):  # noqa: F811
    def of(metric_id):
        if metric_id.endswith("-va"):
            path = onnx_models.hsemotion(tmp_path / "enet_b0_8_va_mtl.onnx", 10, seed=1)
            return build(metric_id, "hsemotion-va", path)
        path = onnx_models.hsemotion(tmp_path / "enet_b0_8_best_vgaf.onnx", 8)
        return build(metric_id, "hsemotion-vgaf", path)

    return of


def labelled(labels, size=128) -> Clip:
    track = EmotionTrack(np.asarray(labels), np.ones(len(labels), np.int64))
    clip = make_clip(len(labels), size, size)
    clip.signals["emotion"] = track
    return clip


def outputs(path, pictures):
    """The whole network's outputs, from the file as it stands."""
    session = onnxruntime.InferenceSession(str(path))
    rows = []
    for frame in pictures:
        points = face(frame[0, 0, 0] / 64)
        x1, y1, x2, y2 = (int(v) for v in (*points.min(0), *points.max(0)))
        crop = Image.fromarray(frame).crop((x1, y1, x2, y2)).resize((224, 224), Image.BILINEAR)
        x = np.asarray(crop, np.float64) / 255
        x = (x - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
        x = np.moveaxis(x, -1, 0)[None].astype(np.float32)
        rows.append(session.run(None, {"input": x})[0][0])
    return np.array(rows, np.float64)


class Told:
    """A last layer that says what the features are told to say: output k is feature k."""

    def __init__(self, width):
        self.width = width

    def __call__(self, features):
        return features[:, : self.width]


def score(metric, prediction, truth, clip, width=8):
    """The result of features [n,1280], as if the network had made them."""
    n = len(truth)
    metric.begin(clip)
    metric._net = type("Net", (), {"classify": Told(width)})()
    cache = FeatureCache()
    for side, values in (("prediction", prediction), ("truth", truth)):
        found = Faces(np.zeros((n, 478, 2)), np.zeros((n, 52)), (None,) * n)
        cache.get(f"faces/mp/{side}", lambda found=found: found)
        name = metric.spec.options["weights"]
        cache.get(f"{name}/mp/{side}", lambda values=values: values)
    black = np.zeros((n, 8, 8, 3), np.uint8)
    metric.update(FrameBatch(0, black, black, cache))
    return metric.compute()


def saying(*names):
    """Features whose classes are these, float [n,1280]."""
    return np.eye(8, 1280)[[CLASSES.index(name) for name in names]]


def test_the_mapping_from_mead_is_one_to_one():
    assert tuple(MEAD_TO_AFFECTNET) == EMOTIONS
    assert sorted(MEAD_TO_AFFECTNET.values()) == sorted(CLASSES)
    assert CLASS_OF_LABEL.tolist() == [5, 0, 1, 2, 3, 4, 6, 7]


def test_accuracy_of_frames_and_the_vote(make):
    metric = make("emotion/hsemotion")
    angry = EMOTIONS.index("angry")
    said = saying("Anger", "Anger", "Fear", "Neutral", "Anger")
    real = saying("Anger", "Anger", "Anger", "Anger", "Sadness")
    result = score(metric, said, real, labelled([angry] * 5, 8))
    assert result.values == {ACC: pytest.approx(0.6), VOTE: 1.0}
    assert result.items[ACC].tolist() == [1, 1, 0, 0, 1]
    assert result.details["accuracy_of_truth"] == pytest.approx(0.8)
    assert result.details["labels"] == ["Anger"]
    assert result.details["voted"] == "Anger"
    assert result.details["frames_by_class"]["Anger"] == 3
    other = score(metric, said, real, labelled([EMOTIONS.index("fear")] * 5, 8))
    assert other.values == {ACC: pytest.approx(0.2), VOTE: 0.0}


def test_every_label_has_its_class(make):
    metric = make("emotion/hsemotion")
    order = [MEAD_TO_AFFECTNET[name] for name in EMOTIONS]
    result = score(metric, saying(*order), saying(*order), labelled(range(8), 8))
    assert result.values[ACC] == 1
    assert result.values[VOTE] is None
    assert [f.type for f in result.failures] == ["mixed_labels"]


def test_a_frame_without_a_label_is_a_failure(make):
    metric = make("emotion/hsemotion")
    said = saying("Neutral", "Neutral", "Fear", "Neutral")
    result = score(metric, said, said, labelled([0, -1, 0, 9], 8))
    assert [(f.type, f.item) for f in result.failures] == [("no_label", 1), ("no_label", 3)]
    assert result.n == 2
    assert result.values == {ACC: 0.5, VOTE: 1.0}
    assert np.flatnonzero(np.isnan(result.items[ACC])).tolist() == [1, 3]
    none = score(metric, said, said, labelled([-1] * 4, 8))
    assert none.values == {ACC: None, VOTE: None}


def test_labels_must_be_one_a_frame(make):
    clip = labelled([0, 0, 0], 8)
    clip.signals["emotion"] = EmotionTrack(np.zeros(2, int), np.ones(2, int))
    with pytest.raises(BadInput, match="2 emotion labels for 3 frames"):
        score(make("emotion/hsemotion"), saying(*["Fear"] * 3), saying(*["Fear"] * 3), clip)


def test_classes_come_from_the_file_as_it_stands(make, tmp_path):
    metric = make("emotion/hsemotion")
    prediction, truth = frames(1, 6), frames(2, 6)
    path = tmp_path / "enet_b0_8_best_vgaf.onnx"
    p, g = (outputs(path, side).argmax(1) for side in (prediction, truth))
    label = int(np.flatnonzero(p[0] == CLASS_OF_LABEL)[0])
    result = run(metric, labelled([label] * 6), prediction, truth)
    assert result.items[ACC].tolist() == (p == p[0]).astype(float).tolist()
    assert result.details["accuracy_of_truth"] == pytest.approx((g == p[0]).mean())
    match = run(make("emotion_match/hsemotion"), make_clip(6, 128, 128), prediction, truth)
    assert match.items[MATCH].tolist() == (p == g).astype(float).tolist()
    assert match.values[MATCH] == pytest.approx((p == g).mean())


def test_agreement_of_classes_needs_no_label(make):
    metric = make("emotion_match/hsemotion")
    assert metric.spec.signals == ()
    said, real = saying("Fear", "Anger", "Fear", "Fear"), saying("Fear", "Fear", "Fear", "Anger")
    assert score(metric, said, real, make_clip(4, 8, 8)).values == {MATCH: 0.5}
    assert score(metric, said, said, make_clip(4, 8, 8)).values == {MATCH: 1.0}


def test_valence_and_arousal_are_the_last_two_outputs(make, tmp_path):
    metric = make("emotion/hsemotion-va")
    prediction, truth = frames(3, 9), frames(4, 9)
    result = run(metric, make_clip(9, 128, 128), prediction, truth)
    path = tmp_path / "enet_b0_8_va_mtl.onnx"
    p, g = (outputs(path, side)[:, 8:] for side in (prediction, truth))
    for i, axis in enumerate(("valence", "arousal")):
        x, y = p[:, i], g[:, i]
        rho = np.corrcoef(x, y)[0, 1]
        top = 2 * rho * x.std() * y.std()
        expected = top / (x.var() + y.var() + (x.mean() - y.mean()) ** 2)
        assert result.values[f"{axis}_ccc/hsemotion"] == pytest.approx(expected, abs=1e-4)
        error = np.sqrt(((x - y) ** 2).mean())
        assert result.values[f"{axis}_rmse/hsemotion"] == pytest.approx(error, rel=1e-4)
        assert result.items[f"{axis}_sagr/hsemotion"].tolist() == ((x > 0) == (y > 0)).tolist()
    same = run(metric, make_clip(9, 128, 128), truth, truth).values
    for axis in ("valence", "arousal"):
        assert same[f"{axis}_ccc/hsemotion"] == pytest.approx(1)
        assert same[f"{axis}_rmse/hsemotion"] == 0
        assert same[f"{axis}_sagr/hsemotion"] == 1


def test_a_still_face_has_no_concordance(make):
    metric = make("emotion/hsemotion-va")
    still, moving = np.repeat(frames(5, 1), 6, 0), frames(6, 6)
    result = run(metric, make_clip(6, 128, 128), still, moving)
    assert [f.type for f in result.failures] == ["constant", "constant"]
    for axis in ("valence", "arousal"):
        assert result.values[f"{axis}_ccc/hsemotion"] is None
        assert result.values[f"{axis}_rmse/hsemotion"] > 0


def test_a_table_pools_all_frames_of_all_clips(make):
    metric = make("emotion/hsemotion-va")
    rng = np.random.default_rng(7)
    sides = [rng.normal(k, 1, (2, 12, 1280)) for k in (0, 4)]
    clips = [score(metric, p, g, make_clip(12, 8, 8), 10) for p, g in sides]
    pooled = metric.pool(clips)
    p, g = (np.concatenate([pair[k][:, 8:10] for pair in sides]) for k in (0, 1))
    assert pooled == pytest.approx(agreements(p, g))
    assert pooled["valence_ccc/hsemotion"] == pytest.approx(ccc(p[:, 0], g[:, 0]))
    mean = np.mean([r.values["valence_ccc/hsemotion"] for r in clips])
    assert pooled["valence_ccc/hsemotion"] > mean + 0.3
    assert metric.pooling.startswith("global")
    assert metric.pool([]) == dict.fromkeys(VA)


def test_frames_without_a_face_are_counted(make):
    prediction, truth = frames(7, 5), frames(8, 5)
    prediction[1] = 0
    truth[3, 0, 0] = 255
    for metric_id in ("emotion_match/hsemotion", "emotion/hsemotion-va"):
        result = run(make(metric_id), make_clip(5, 128, 128), prediction, truth)
        told = sorted((f.item, f.type) for f in result.failures)
        assert told == [(1, "no_face"), (3, "several_faces")]
        assert result.n == 3
        assert result.details["n_refused"] == 2


@pytest.mark.parametrize(
    "metric_id", ["emotion/hsemotion", "emotion_match/hsemotion", "emotion/hsemotion-va"]
)
def test_conformance(make, metric_id):
    prediction, truth = frames(9, 7), frames(10, 7)
    prediction[2] = 0
    testing.check_metric(make(metric_id), labelled([3] * 7), prediction, truth)
    spec = catalog.spec(metric_id)
    assert spec.formula
    assert spec.traps
    testing.check_spec_reads_without_torch("metrics.emotion")


def test_faces_crops_and_features_are_made_once(make, landmarker):  # noqa: F811
    """Three metrics on two networks: one look a frame, one crop, one pass a network."""
    names = ("emotion/hsemotion", "emotion_match/hsemotion", "emotion/hsemotion-va")
    metrics = [make(name) for name in names]
    clip = labelled([0] * 4)
    for metric in metrics:
        metric.begin(clip)
    assert metrics[0]._net is metrics[1]._net
    passes = []
    for net in (metrics[0]._net, metrics[2]._net):
        net._run = lambda x, run=net._run: passes.append(len(x)) or run(x)
    batch = FrameBatch(0, frames(11, 4), frames(12, 4), FeatureCache())
    for metric in metrics:
        metric.update(batch)
    assert landmarker.asked == 8
    assert passes == [4, 4, 4, 4]
    crops = [key for key in batch.cache._values if key.startswith("hsemotion-crops")]
    assert len(crops) == 2
    assert all(metric.compute().n == 4 for metric in metrics)
