from importlib.util import find_spec

import golden
import numpy as np
import pytest
import torch
from helpers import make_clip, noise_frames, run

from harness.contracts import BadInput, Unavailable
from harness.weights import resolve
from metrics import catalog
from metrics.backbones.load import load_into, read_state
from metrics.backbones.lpips import PerceptualDistance
from metrics.backbones.trunks import AlexNet
from metrics.lpips import LPIPS as Metric
from metrics.lpips import distances


def seeded():
    net = PerceptualDistance(AlexNet())
    net.load_state_dict(golden.seeded_state(net.state_dict(), 1))
    for head in net.heads.values():
        head.data.abs_()
    return net.eval()


@pytest.fixture
def alex_files(tmp_path):
    """A trunk file as torchvision writes it (features and classifier), seeded; the real heads."""
    state = golden.seeded_state(AlexNet().state_dict(), 1) | {"classifier.1.bias": torch.zeros(3)}
    torch.save(state, tmp_path / "alexnet.pth")
    return {
        "lpips-alexnet": tmp_path / "alexnet.pth",
        "lpips-alex-heads": resolve("lpips-alex-heads"),
    }


def test_agrees_with_torchmetrics_heads(alex_files):
    """The heads that we ship are those inside torchmetrics, value for value."""
    package = find_spec("torchmetrics").submodule_search_locations[0]
    path = f"{package}/functional/image/lpips_models/alex.pth"
    theirs = torch.load(path, map_location="cpu", weights_only=True)
    ours = read_state(alex_files["lpips-alex-heads"])
    assert set(ours) == set(theirs)
    for key in ours:
        torch.testing.assert_close(ours[key], theirs[key], rtol=0, atol=0)
    assert all((value >= 0).all() for value in ours.values())


def test_metric_reads_a_whole_classifier_and_scores(alex_files):
    metric = Metric(catalog.spec("lpips/alex"), alex_files)
    truth = noise_frames(0, 10, 64, 64)
    prediction = np.roll(truth, 3, 2)
    result = run(metric, make_clip(10, 64, 64), prediction, truth, 10)
    assert result.n == 10
    assert result.values["lpips/alex"] == pytest.approx(result.items["lpips/alex"].mean())
    assert result.values["lpips/alex"] > 0
    assert run(metric, make_clip(10, 64, 64), truth, truth).values["lpips/alex"] == 0


def test_symmetric_and_blind_to_batches():
    net = seeded()
    a, b = noise_frames(1, 3, 64, 64), noise_frames(2, 3, 64, 64)
    together = distances(net, a, b)
    np.testing.assert_allclose(together, distances(net, b, a), rtol=1e-5)
    alone = np.concatenate([distances(net, a[i : i + 1], b[i : i + 1]) for i in range(3)])
    np.testing.assert_allclose(together, alone, rtol=1e-4)


def test_random_weights_are_never_used(monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    monkeypatch.delenv("HARNESS_WEIGHTS", raising=False)
    for name in ("lpips/alex", "lpips/vgg"):
        with pytest.raises(Unavailable):
            catalog.build(name)


class Payload:
    def __reduce__(self):
        return print, ("this must not run",)


def test_a_pickle_that_is_more_than_tensors_is_refused(tmp_path, capsys):
    path = tmp_path / "bad.pth"
    torch.save({"features.0.weight": Payload()}, path)
    with pytest.raises(BadInput, match="not a readable file of plain tensors"):
        read_state(path)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("content", [b"", b"not a weight file"])
def test_a_broken_file_is_refused(tmp_path, content):
    for name in ("x.pth", "x.safetensors"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BadInput):
            read_state(tmp_path / name)


def test_weights_of_another_network_are_refused(tmp_path):
    with pytest.raises(BadInput, match="AlexNet"):
        load_into(AlexNet(), {"features.0.weight": torch.zeros(64, 3, 11, 11)}, tmp_path / "x")
    with pytest.raises(BadInput, match="does not fit"):
        wrong = AlexNet().state_dict() | {"features.0.weight": torch.zeros(1)}
        load_into(AlexNet(), wrong, tmp_path / "x")
