from functools import partial

import golden
import numpy as np
import pytest
import torch
from deep3d_faces import face, landmarks_in, picture
from helpers import make_clip, run
from scipy.io import savemat

from harness.contracts import FeatureCache, FrameBatch
from harness.testing import check_metric
from metrics import catalog
from metrics.backbones.deep3d_align import align, five_points
from metrics.backbones.resnet50 import ReconNet
from metrics.common import pairs
from metrics.common.faces import Faces
from metrics.common.frechet import frechet_distance
from metrics.e_fid_deep3d import Deep3DEFID

NAME = "e_fid/deep3d"
SIZE = 160


class Finder:
    """Finds the face where the first pixel of a frame says; none where that pixel is black."""

    extractor = "fan"
    details = {}

    def find(self, frames):
        reasons = tuple(None if frame[0, 0].any() else "no_face" for frame in frames)
        landmarks = [
            np.full((68, 2), np.nan) if reason else where(frame)
            for frame, reason in zip(frames, reasons, strict=True)
        ]
        return Faces(np.reshape(landmarks, (-1, 68, 2)), np.zeros((len(frames), 0)), reasons)


def where(frame):
    if frame[0, 0, 0] == 255:  # all landmarks in one place
        return np.full((68, 2), 5.0)
    return landmarks_in(SIZE, SIZE, 45, seed=int(frame[0, 0, 0]))


class Stub(torch.nn.Module):
    """257 numbers of a crop: the brightness of 64 cells in the places of the expression."""

    def __init__(self):
        super().__init__()
        self.one = torch.nn.Parameter(torch.ones(1), requires_grad=False)
        self.count = 0

    def forward(self, x):
        assert x.shape[1:] == (3, 224, 224)
        assert 0 <= x.min() <= x.max() <= 1
        self.count += len(x)
        coefficients = torch.full((len(x), 257), 1e6)
        coefficients[:, 80:144] = x.mean(1).reshape(-1, 8, 28, 8, 28).mean((2, 4)).flatten(1)
        return coefficients


def frames_of(seed, count):
    frames = np.stack([picture(SIZE, SIZE, seed * 100 + i) for i in range(count)])
    frames[:, 0, 0] = np.arange(1, count + 1)[:, None]
    return frames


@pytest.fixture
def metric(monkeypatch):
    monkeypatch.setattr(pairs, "open_detector", lambda *_: Finder())
    metric = Deep3DEFID(catalog.spec(NAME), {})
    metric._network, metric._align = Stub(), partial(align, standard=five_points(face()))
    return metric


def cells(frame):
    """Independently: what `Stub` says of a frame's aligned face, float64 [64]."""
    crop = align(frame, where(frame), five_points(face())) / 255
    return np.array([[crop[r : r + 28, c : c + 28].mean() for c in range(0, 224, 28)]
                     for r in range(0, 224, 28)]).ravel()  # fmt: skip


def test_conformance(metric):
    check_metric(metric, make_clip(5, SIZE, SIZE), frames_of(0, 5), frames_of(1, 5))


def test_value_is_the_distance_of_the_64_expression_outputs(metric):
    prediction, truth = frames_of(0, 5), frames_of(1, 5)
    result = run(metric, make_clip(5, SIZE, SIZE), prediction, truth)
    sides = [np.stack([cells(frame) for frame in frames]) for frames in (prediction, truth)]
    assert result.values[NAME] == pytest.approx(frechet_distance(*sides), rel=1e-4)
    assert result.details["dim"] == 64
    assert result.details["extractor"] == "fan"
    assert "bicubic" in result.details["resize"]


def test_frames_that_fail_are_typed_counted_and_leave_both_sides(metric):
    prediction, truth = frames_of(0, 6), frames_of(1, 6)
    prediction[1, 0, 0] = 0  # no face
    truth[4, 0, 0] = 255  # a face that cannot be aligned
    result = run(metric, make_clip(6, SIZE, SIZE), prediction, truth)
    assert [(f.type, f.item) for f in result.failures] == [("no_face", 1), ("no_alignment", 4)]
    assert "landmarks that give no crop" in result.failures[1].message
    assert "truth" in result.failures[1].message
    keep = [0, 2, 3, 5]
    assert result.features["frames"].tolist() == keep
    sides = [np.stack([cells(frame) for frame in frames[keep]]) for frames in (prediction, truth)]
    assert result.values[NAME] == pytest.approx(frechet_distance(*sides), rel=1e-4)
    assert (result.n, result.details["n_refused"]) == (4, 2)


def test_no_face_at_all_is_no_value(metric):
    black = np.zeros((3, SIZE, SIZE, 3), np.uint8)
    result = run(metric, make_clip(3, SIZE, SIZE), black, frames_of(0, 3))
    assert result.values == {NAME: None}
    assert [f.type for f in result.failures] == ["no_face"] * 3 + ["no_frames"]


def test_crops_are_shared_through_the_batch(metric):
    frames, cache = frames_of(0, 2), FeatureCache()
    metric.begin(make_clip(2, SIZE, SIZE))
    metric.update(FrameBatch(0, frames, frames, cache))
    kept = cache.get("deep3d/crops/fan/truth", lambda: pytest.fail("no crops were kept"))
    assert [part.shape for part in kept] == [(2,), (2, 224, 224, 3)]
    metric.update(FrameBatch(0, frames, frames, cache))
    assert metric._network.count == 8


def test_files_are_read_at_the_first_clip(monkeypatch, tmp_path):
    monkeypatch.setattr(pairs, "open_detector", lambda *_: Finder())
    net = ReconNet()
    state = golden.seeded_state(net.state_dict(), 7)
    net.load_state_dict(state)
    torch.save({"net_recon": state, "opt_00": {"state": {}}}, tmp_path / "epoch_20.pth")
    savemat(tmp_path / "lm.mat", {"lm": face()})
    files = {"deep3d-recon": tmp_path / "epoch_20.pth", "deep3d-landmarks": tmp_path / "lm.mat"}
    prediction, truth = frames_of(0, 2), frames_of(1, 2)
    result = run(Deep3DEFID(catalog.spec(NAME), files), make_clip(2, SIZE, SIZE), prediction, truth)
    crop = align(truth[1], where(truth[1]), five_points(face()))
    with torch.inference_mode():
        whole = net.eval()(torch.from_numpy(np.array(crop)).permute(2, 0, 1)[None] / 255)
    assert np.allclose(
        result.features["truth"][1], whole[0, 80:144], rtol=1e-3, atol=1e-4 * whole.abs().max()
    )


def test_weights_are_the_landmark_networks_and_its_own():
    assert catalog.spec(NAME).weights == ("s3fd-fan", "fan-2d4", "deep3d-recon", "deep3d-landmarks")
