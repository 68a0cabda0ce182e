import numpy as np
import onnx_models
import pytest
from helpers import make_clip, run
from stand_ins import build, face, frames, landmarker  # noqa: F401

from harness import testing
from metrics import catalog
from metrics.backbones.onnx_net import HeadlessNet
from metrics.common.alignment import box_crop
from metrics.common.frechet import frechet_distance
from metrics.common.hsemotion import DIM, network_input

COLUMN = "emo_fid/hsemotion"


@pytest.fixture
def emo_fid(landmarker, tmp_path):  # noqa: F811
    path = onnx_models.hsemotion(tmp_path / "enet_b0_8_best_vgaf.onnx")
    return build("emo_fid/hsemotion", "hsemotion-vgaf", path)


def test_the_distance_of_the_features_of_all_frames(emo_fid, tmp_path):
    prediction, truth = frames(1, 9), frames(2, 9)
    prediction[4] = 0
    result = run(emo_fid, make_clip(9, 128, 128), prediction, truth)
    net = HeadlessNet(tmp_path / "enet_b0_8_best_vgaf.onnx", (3, 224, 224), DIM, 8)
    keep = np.delete(np.arange(9), 4)

    def features(pictures):
        cut = [box_crop(f, face(f[0, 0, 0] / 64), 224) for f in pictures[keep]]
        return net(network_input(np.stack(cut)))

    expected = frechet_distance(features(prediction), features(truth))
    assert result.values[COLUMN] == pytest.approx(expected, rel=1e-4)
    assert result.details["dim"] == 1280
    assert result.n == 8
    assert [(f.type, f.item) for f in result.failures] == [("no_face", 4)]
    assert "biased" in result.warnings[0]
    assert result.features["frames"].tolist() == keep.tolist()


def test_the_same_frames_have_no_distance(emo_fid):
    pictures = frames(3, 6)
    result = run(emo_fid, make_clip(6, 128, 128), pictures, pictures)
    assert result.values[COLUMN] == pytest.approx(0, abs=1e-5)


def test_rows_are_compared_at_equal_n(emo_fid):
    assert emo_fid.equal_n
    prediction, truth = frames(4, 8), frames(5, 8)
    whole = run(emo_fid, make_clip(8, 128, 128), prediction, truth)
    fewer = emo_fid.restrict(whole, np.arange(5))
    alone = run(emo_fid, make_clip(5, 128, 128), prediction[:5], truth[:5])
    assert fewer.values[COLUMN] == pytest.approx(alone.values[COLUMN], rel=1e-4)


def test_conformance(emo_fid):
    prediction, truth = frames(6, 7), frames(7, 7)
    testing.check_metric(emo_fid, make_clip(7, 128, 128), prediction, truth)
    testing.check_spec_reads_without_torch("metrics.emo_fid")


def test_it_is_never_called_e_fid():
    spec = catalog.spec("emo_fid/hsemotion")
    assert "e_fid" not in {c.name.split("/")[0] for c in spec.columns}
    assert any("not E-FID" in trap for trap in spec.traps)
