import golden
import numpy as np
import pytest
import torch

from harness.contracts import BadInput
from metrics.backbones import inception
from metrics.backbones.inception import FIDInception, open_inception
from metrics.fid import features

VALUES = golden.kept("inception")


@pytest.fixture(scope="module")
def seeded(tmp_path_factory):
    """A weight file with seeded values."""
    path = tmp_path_factory.mktemp("weights") / "seeded.pth"
    torch.save(golden.seeded_state(FIDInception().state_dict(), 5), path)
    return path


@pytest.fixture(scope="module")
def plain(seeded):
    net = FIDInception()
    net.load_state_dict(torch.load(seeded, weights_only=True))
    return net.eval()


@pytest.mark.parametrize("picture", ["small", "large"])
def test_features_are_pytorch_fids(picture, seeded):
    frames = golden.inception_pictures()[picture][None]
    found = golden.projections(f"inception_{picture}", features(open_inception(seeded), frames)[0])
    for name, value in found.items():
        assert value == pytest.approx(VALUES[name], rel=1e-4), name


@pytest.mark.parametrize("patch", ["padding", "maximum"])
def test_the_golden_features_tell_the_patched_pools_from_torchvisions(patch, plain, monkeypatch):
    if patch == "padding":
        theirs = lambda x: torch.nn.functional.avg_pool2d(x, 3, 1, 1)  # noqa: E731
        monkeypatch.setattr(inception, "average", theirs)
    else:
        monkeypatch.setattr(plain.Mixed_7c, "maximum", False)
    feature = features(plain, golden.inception_pictures()["small"][None])[0]
    found = golden.projections("inception_small", feature)
    assert any(abs(value / VALUES[name] - 1) > 1e-3 for name, value in found.items())


def test_folded_batch_norms_and_channels_last_change_nothing(seeded, plain):
    x = torch.from_numpy(np.random.default_rng(0).random((2, 3, 90, 70), np.float32))
    ready = open_inception(seeded)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in ready.modules())
    with torch.inference_mode():
        expected, found = plain(x), ready(x.contiguous(memory_format=torch.channels_last))
    assert expected.shape == (2, inception.DIM)
    assert float((found - expected).abs().max() / expected.abs().max()) < 1e-5


def test_folding_needs_evaluation_mode():
    with pytest.raises(RuntimeError, match="evaluation mode"):
        FIDInception().train().fold()


def test_another_file_is_refused(tmp_path):
    torch.save({"conv1.weight": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(BadInput, match="FIDInception"):
        open_inception(tmp_path / "other.pth")
