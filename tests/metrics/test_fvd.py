import numpy as np
import pytest
import torch
from helpers import make_clip, noise_frames, run

from harness.contracts import BadInput, FrameBatch
from harness.testing import check_metric
from harness.weights import resolve
from metrics import catalog
from metrics.backbones.i3d import features, open_i3d
from metrics.common.frechet import frechet_distance
from metrics.fvd import FVD

NAME = "fvd/styleganv"
AXES = np.random.default_rng(3).normal(size=(48, 400)).astype(np.float32)


class StandIn(torch.nn.Module):
    """Has I3D's switches, remembers what it was asked, and projects the mean colours."""

    switches: list[bool]
    shapes: list[int]

    def __init__(self):
        super().__init__()
        self.register_buffer("axes", torch.from_numpy(AXES))
        self.switches = []
        self.shapes = []
        self.bytes_came = True

    def forward(
        self,
        x: torch.Tensor,
        rescale: bool = False,
        resize: bool = False,
        return_features: bool = False,
    ) -> torch.Tensor:
        self.switches.extend([rescale, resize, return_features])
        self.shapes.extend(x.shape)
        self.bytes_came = self.bytes_came and x.dtype == torch.uint8
        y = x.float()
        if rescale:
            y = y / 255 * 2 - 1
        return y.mean([3, 4]).flatten(1) @ self.axes


class Narrow(torch.nn.Module):
    def forward(
        self, x: torch.Tensor, rescale: bool, resize: bool, return_features: bool
    ) -> torch.Tensor:
        return torch.zeros(x.shape[0], 7)


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "stand_in.pt"
    torch.jit.script(StandIn()).save(str(path))
    return path


@pytest.fixture
def metric(script):
    return FVD(catalog.spec(NAME), {"fvd-i3d": script})


def projected(frames, count):
    """Independently: the features of the first `count` windows, float64 [count,400]."""
    windows = frames[: 16 * count].reshape(count, 16, *frames.shape[1:]) / 255 * 2 - 1
    colours = windows.mean((2, 3)).transpose(0, 2, 1).reshape(count, 48)
    return colours @ AXES.astype(np.float64)


def clips(count=55, seed=0):
    return noise_frames(seed, count, 8, 10) // 2, noise_frames(seed + 50, count, 8, 10)


def test_conformance(metric):
    check_metric(metric, make_clip(55, 8, 10), *clips())


def test_the_script_is_asked_as_stylegan_v_asks_it(metric):
    run(metric, make_clip(40, 8, 10), *clips(40), batch=7)
    asked = metric._network
    assert asked.switches == [True] * 3 * 4
    assert asked.shapes == [1, 3, 16, 8, 10] * 4
    assert asked.bytes_came


def test_value_is_stylegan_vs_distance_of_consecutive_windows(metric):
    prediction, truth = clips()
    result = run(metric, make_clip(55, 8, 10), prediction, truth, batch=7)
    sides = [projected(frames, 3) for frames in (prediction, truth)]
    means = [x.mean(0) for x in sides]
    # FeatureStats: raw second moments over the number of items, minus the mean's.
    covs = [x.T @ x / 3 - np.outer(m, m) for x, m in zip(sides, means, strict=True)]
    cross = np.sqrt(np.linalg.eigvals(covs[0] @ covs[1]).real.clip(0)).sum()
    expected = np.square(means[0] - means[1]).sum() + np.trace(covs[0] + covs[1]) - 2 * cross
    assert result.values[NAME] == pytest.approx(expected, rel=1e-4)
    assert np.allclose(result.features["prediction"], sides[0], atol=1e-4)
    assert result.features["frames"].tolist() == [0, 1, 2]
    assert result.n == 3
    assert result.details["possible"] == 3
    assert result.details["frames_left_over"] == 7
    assert "3 windows for 400 dimensions" in result.warnings[0]


def test_frames_are_held_for_one_window_at_most(metric):
    prediction, truth = clips(64)
    metric.begin(make_clip(64, 8, 10))
    for start in range(0, 64, 5):
        part = slice(start, start + 5)
        metric.update(FrameBatch(start, prediction[part], truth[part]))
        assert all(len(frames) < 16 for frames in metric._waiting.values())
        # Copies: a view would keep the whole batch alive.
        assert all(frame.base is None for frames in metric._waiting.values() for frame in frames)


def test_of_itself_is_zero(metric):
    truth = clips()[1]
    assert run(metric, make_clip(55, 8, 10), truth, truth).values[NAME] == pytest.approx(0)


@pytest.mark.parametrize(("count", "windows"), [(0, 0), (15, 0), (31, 1)])
def test_fewer_than_two_windows_are_a_failure(metric, count, windows):
    result = run(metric, make_clip(count, 8, 10), *clips(count))
    assert result.values == {NAME: None}
    assert [f.type for f in result.failures] == ["too_few_samples"]
    assert (result.n, result.details["possible"]) == (windows, windows)
    assert "windows" in result.failures[0].message


def test_clips_of_one_window_each_have_a_value_together(metric):
    pairs = [clips(20, seed) for seed in (1, 2)]
    results = [run(metric, make_clip(20, 8, 10), *pair) for pair in pairs]
    sides = [np.concatenate([projected(p[i], 1) for p in pairs]) for i in (0, 1)]
    expected = frechet_distance(*sides, ddof=0)
    assert metric.pool(results)[NAME] == pytest.approx(expected, rel=1e-4)
    assert metric.pool(results[:1]) == {NAME: None}


def test_restrict_is_to_windows(metric):
    prediction, truth = clips(64)
    result = run(metric, make_clip(64, 8, 10), prediction, truth)
    fewer = metric.restrict(result, np.array([0, 1, 3]))
    sides = [projected(x, 4)[[0, 1, 3]] for x in (prediction, truth)]
    assert fewer.values[NAME] == pytest.approx(frechet_distance(*sides, ddof=0), rel=1e-4)
    assert fewer.details["n"] == 3
    assert fewer.details["possible"] == 4


def test_a_file_that_is_no_script_is_refused(tmp_path):
    (tmp_path / "i3d.pt").write_bytes(b"<html>not found</html>")
    with pytest.raises(BadInput, match="not a TorchScript file"):
        open_i3d(tmp_path / "i3d.pt")


def test_a_script_that_gives_other_features_is_refused(tmp_path):
    torch.jit.script(Narrow()).save(str(tmp_path / "other.pt"))
    with pytest.raises(BadInput, match=r"\[1, 7\]"):
        features(open_i3d(tmp_path / "other.pt"), noise_frames(0, 16))


@pytest.mark.weights("fvd-i3d")
def test_black_against_white_as_common_metrics_on_video_quality_has_it():
    net = open_i3d(resolve("fvd-i3d"))
    sides = (
        np.stack([features(net, np.full((15, 64, 64, 3), value, np.uint8))] * 16)
        for value in (0, 255)
    )
    assert frechet_distance(*sides, ddof=0) == pytest.approx(134.24, abs=0.1)
