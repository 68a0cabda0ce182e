"""FID's Inception and Deep3DFaceRecon's backbone beside pytorch-fid's and torchvision's."""

import golden
import numpy as np
import oracles_inception
import pytest
import torch
from PIL import Image

from metrics.backbones.inception import FIDInception, open_inception
from metrics.backbones.resnet50 import ResNet50
from metrics.fid import features

pytestmark = pytest.mark.reference


@pytest.fixture(scope="module")
def reference():
    return oracles_inception.fid_networks()


def shapes(net):
    return {key: tuple(value.shape) for key, value in net.state_dict().items()}


def test_keys_and_shapes_are_those_of_pytorch_fids_file(reference):
    ours = FIDInception()
    assert shapes(ours) == shapes(reference[1])
    state = golden.seeded_state(ours.state_dict(), 11)
    reference[1].load_state_dict(state)  # ours into theirs
    ours.load_state_dict(reference[1].state_dict())  # and theirs into ours
    assert torch.equal(ours.fc.weight, state["fc.weight"])


@pytest.mark.parametrize("size", [(70, 50), (299, 299), (360, 512)])
def test_features_are_pytorch_fids(size, reference, tmp_path):
    ours = FIDInception()
    torch.save(golden.seeded_state(ours.state_dict(), 5), tmp_path / "fid.pth")
    frames = np.random.default_rng(0).integers(0, 256, (2, *size, 3), dtype=np.uint8)
    ours.load_state_dict(torch.load(tmp_path / "fid.pth"))
    with torch.inference_mode():
        x = torch.from_numpy(frames).permute(0, 3, 1, 2) / 255
        expected = reference[0](x)[0].squeeze(3).squeeze(2)
        torch.testing.assert_close(ours.eval()(x), expected, rtol=1e-4, atol=1e-4)
    ready = features(open_inception(tmp_path / "fid.pth"), frames)
    assert np.abs(ready - expected.numpy()).max() < 1e-5 * expected.abs().max()


def test_features_are_those_of_pytorch_fids_files(reference, tmp_path):
    from pytorch_fid.fid_score import get_activations

    torch.save(golden.seeded_state(FIDInception().state_dict(), 5), tmp_path / "fid.pth")
    frames = np.random.default_rng(1).integers(0, 256, (3, 64, 48, 3), dtype=np.uint8)
    files = [tmp_path / f"{i}.png" for i in range(3)]
    for path, frame in zip(files, frames, strict=True):
        Image.fromarray(frame).save(path)
    theirs = get_activations(files, reference[0], batch_size=2, num_workers=0)
    ours = features(open_inception(tmp_path / "fid.pth"), frames)
    assert np.abs(ours - theirs).max() < 1e-5 * np.abs(theirs).max()


def test_resnet50_takes_torchvisions_state_and_gives_its_features():
    theirs, ours = oracles_inception.resnet50(), ResNet50().eval()
    assert shapes(ours) == shapes(theirs)
    ours.load_state_dict(theirs.state_dict())
    x = torch.from_numpy(np.random.default_rng(0).random((2, 3, 224, 224), np.float32))
    with torch.inference_mode():
        torch.testing.assert_close(ours(x).flatten(1), theirs(x), rtol=1e-4, atol=1e-2)
