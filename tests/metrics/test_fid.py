import golden
import numpy as np
import pytest
import torch
from helpers import make_clip, noise_frames, run

from harness.contracts import FeatureCache, FrameBatch, Unavailable
from harness.testing import check_metric
from metrics import catalog
from metrics.backbones.inception import FIDInception
from metrics.common.frechet import frechet_distance
from metrics.fid import FID, features


class Stub(torch.nn.Module):
    """Mean colours and their products: [B,2048] with few dimensions in use."""

    def __init__(self):
        super().__init__()
        self.axes = torch.nn.Parameter(torch.linspace(0, 1, 2048), requires_grad=False)
        self.calls = 0

    def forward(self, x):
        assert x.dtype == torch.float32
        assert 0 <= x.min() <= x.max() <= 1
        self.calls += 1
        colours = x.mean((2, 3))
        return colours[:, :1] * self.axes + colours[:, 1:2] * (1 - self.axes) ** 2


def stubbed():
    metric = FID(catalog.spec("fid"), {})
    metric._network = Stub()
    return metric


def test_conformance():
    frames = noise_frames(0, 7), noise_frames(1, 7) // 2
    check_metric(stubbed(), make_clip(7), *frames)


def test_value_is_the_distance_of_the_networks_features(tmp_path):
    net = FIDInception()
    net.load_state_dict(golden.seeded_state(net.state_dict(), 5))
    torch.save(net.state_dict(), tmp_path / "fid.pth")
    prediction, truth = noise_frames(0, 3, 40, 30) // 2, noise_frames(1, 3, 40, 30)
    metric = FID(catalog.spec("fid"), {"fid-inception": tmp_path / "fid.pth"})
    result = run(metric, make_clip(3, 40, 30), prediction, truth, batch=2)
    sides = []
    with torch.inference_mode():
        for frames in (prediction, truth):
            x = torch.from_numpy(frames).permute(0, 3, 1, 2) / 255
            sides.append(net.eval()(x).numpy())
    assert result.values["fid"] == pytest.approx(frechet_distance(*sides), rel=1e-4)
    assert result.features["truth"].dtype == np.float32
    assert result.features["truth"].shape == (3, 2048)
    assert result.details["dim"] == 2048
    assert "3 frames for 2048 dimensions" in result.warnings[0]


def test_of_itself_is_zero():
    frames = noise_frames(0, 6)
    assert run(stubbed(), make_clip(6), frames, frames).values["fid"] == pytest.approx(0, abs=1e-9)


def test_features_of_a_batch_are_computed_once():
    metrics = [stubbed(), stubbed()]
    frames = noise_frames(0, 3)
    cache = FeatureCache()
    for metric in metrics:
        metric.begin(make_clip(3))
        metric.update(FrameBatch(0, frames, frames, cache))
    assert [metric._network.calls for metric in metrics] == [2, 0]
    assert metrics[0].compute().values == metrics[1].compute().values


def test_large_batches_pass_in_pieces():
    net = Stub()
    frames = noise_frames(0, 19)
    whole = features(net, frames)
    assert net.calls == 3
    assert np.allclose(whole, np.concatenate([features(net, f[None]) for f in frames]))


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_frames_are_a_failure(count):
    frames = noise_frames(0, count)
    result = run(stubbed(), make_clip(count), frames, frames)
    assert result.values == {"fid": None}
    assert [f.type for f in result.failures] == ["too_few_samples"]
    assert result.n == count


def test_pool_and_restrict_are_over_frames():
    metric = stubbed()
    clips = [(noise_frames(s, 5) // 2, noise_frames(s + 9, 5)) for s in (1, 2)]
    results = [run(metric, make_clip(5), *clip) for clip in clips]
    joined = run(
        metric, make_clip(10), *(np.concatenate(side) for side in zip(*clips, strict=True))
    )
    assert metric.pool(results)["fid"] == pytest.approx(joined.values["fid"])
    fewer = metric.restrict(results[0], np.array([0, 2, 3]))
    expected = run(metric, make_clip(3), *(side[[0, 2, 3]] for side in clips[0]))
    assert fewer.values["fid"] == pytest.approx(expected.values["fid"])
    assert fewer.n == 3


def test_without_weights_it_is_unavailable(monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    monkeypatch.delenv("HARNESS_WEIGHTS", raising=False)
    with pytest.raises(Unavailable, match="weights fetch fid-inception"):
        catalog.build("fid")
