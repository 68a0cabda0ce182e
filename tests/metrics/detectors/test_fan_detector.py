import golden
import numpy as np
import pytest
import torch
from helpers import make_clip, run

from harness.testing import check_metric
from metrics import catalog
from metrics.backbones.fan import FAN
from metrics.backbones.s3fd import S3FD
from metrics.common.faces import failures
from metrics.detectors.fan import choose, open_extractor
from metrics.lmd import LMD

VALUES = golden.kept("fan")
SIDE = 96


def bright_face_detector():
    """S3FD that sees one face of 95 px in the middle of a bright frame of 96 px, none in a dark.

    Every layer hands channel 0 on. Of the last level's four anchors only one, at (192, 192), sees
    the frame at all; the rest is the padding of fc6.
    """
    state = {k: torch.zeros_like(v) for k, v in S3FD().state_dict().items()}
    layers = [k for k in state if k.endswith("weight") and k.startswith(("vgg", "extras"))]
    for key in layers:
        middle = state[key].shape[-1] // 2
        state[key][0, 0, middle, middle] = 1
    for level in range(6):
        state[f"conf.{level}.bias"][-1] = -20
    state["conf.5.weight"][1, 0, 1, 1] = 1
    state["loc.5.bias"][:2] = (48 - 192) / (0.1 * 512)
    state["loc.5.bias"][2:] = np.log(95 / 512) / 0.2
    return state


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    torch.save(golden.to_fan(bright_face_detector()), folder / "s3fd-619a316812.pth")
    torch.save(golden.fan_state(FAN().state_dict()), folder / "2DFAN4-11f355bf06.pth.tar")
    seeded = golden.detector_state(S3FD().state_dict())
    torch.save(golden.to_fan(seeded), folder / "seeded.pth")
    torch.save(golden.fan_state(FAN(1).state_dict()), folder / "one_hourglass.pth")
    return folder


@pytest.fixture(scope="module")
def weights(files):
    names = {"s3fd-fan": "s3fd-619a316812.pth", "fan-2d4": "2DFAN4-11f355bf06.pth.tar"}
    return {key: files / name for key, name in names.items()}


@pytest.fixture
def short_weights(files, weights, monkeypatch):
    """One hourglass instead of four, where any landmarks will do."""
    monkeypatch.setattr("metrics.backbones.fan.FAN", lambda: FAN(1))
    return weights | {"fan-2d4": files / "one_hourglass.pth"}


def bright_frames(seed, count):
    rng = np.random.default_rng(seed)
    return rng.integers(170, 256, (count, SIDE, SIDE, 3), dtype=np.uint8)


def test_frames_without_a_face_are_typed_and_nan(short_weights):
    frames = bright_frames(0, 3)
    frames[1] = 20
    found = open_extractor(tuple(short_weights.values()), "cpu")(frames)
    assert found.reasons == (None, "no_face", None)
    assert found.landmarks.shape == (3, 68, 2)
    assert np.isnan(found.landmarks[1]).all()
    points = found.landmarks[[0, 2]]
    assert (points == np.rint(points)).all()
    assert (np.abs(points - np.array([48, 48 - 0.12 * 95])) <= 100 * 190 / 195).all()
    assert found.expression.shape == (3, 0)
    assert found.ignored.tolist() == [0, 0, 0]
    assert [(f.type, f.item) for f in failures(found, "truth", 5)] == [("no_face", 6)]


def test_faces_of_a_seeded_detector_are_those_of_the_package(files, weights, monkeypatch):
    """The package looks at every face; the first in its list, the surest, stands for the rest."""
    monkeypatch.setattr("metrics.detectors.fan.choose", lambda boxes: (None, boxes[0], 0))
    look = open_extractor((files / "seeded.pth", weights["fan-2d4"]), "cpu")
    points = look(golden.detector_picture()[None]).landmarks[0]
    kept = [[VALUES[f"found_first_{i}_{axis}"] for axis in "xy"] for i in range(5)]
    # Without a peak in the heatmaps another processor's last bits may move a point.
    assert (points[:5] == kept).all(1).sum() >= 4


def test_only_large_faces_count():
    large, half, small = [10, 10, 110, 110, 0.6], [150, 10, 200, 60, 0.9], [0, 0, 49, 50, 0.99]
    assert choose(np.zeros((0, 5))) == ("no_face", None, 0)
    reason, face, ignored = choose(np.array([small, large]))
    assert (reason, face.tolist(), ignored) == (None, large, 1)
    assert choose(np.array([half, small, large])) == ("several_faces", None, 1)


def test_lmd_of_seeded_networks_keeps_the_contract(short_weights):
    metric = LMD(catalog.spec("lmd/fan68"), short_weights)
    truth, prediction = bright_frames(1, 4), bright_frames(2, 4)
    clip = make_clip(4, SIDE, SIDE)
    check_metric(metric, clip, prediction, truth)
    truth[2] = 0
    result = run(metric, clip, prediction, truth)
    assert result.n == 3
    assert np.isnan(result.items["lmd/fan68"]).tolist() == [False, False, True, False]
    assert [(f.type, f.item) for f in result.failures] == [("no_face", 2)]
    assert result.values["lmd/fan68"] > 0
    assert result.details["n_small_faces_ignored"] == {"prediction": 0, "truth": 0}
    assert "S3FD" in result.details["detector"]
    same = run(metric, make_clip(2, SIDE, SIDE), prediction[:2], prediction[:2])
    assert same.values == {"lmd/fan68": 0.0, "lmd_face/fan68": 0.0}


def test_without_a_face_there_is_no_value(short_weights):
    dark = np.zeros((2, SIDE, SIDE, 3), np.uint8)
    metric = LMD(catalog.spec("lmd/fan68"), short_weights)
    result = run(metric, make_clip(2, SIDE, SIDE), dark, dark)
    assert result.values == {"lmd/fan68": None, "lmd_face/fan68": None}
    assert [f.type for f in result.failures] == ["no_face"] * 4 + ["no_frames"]
