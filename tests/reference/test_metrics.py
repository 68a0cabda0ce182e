"""The golden values, and the networks themselves, against the packages as installed now."""

import golden
import numpy as np
import oracles
import oracles_syncnet
import pytest
import torch

from metrics.backbones.syncnet import SyncNet
from metrics.backbones.trunks import VGG16, AlexNet

pytestmark = pytest.mark.reference


@pytest.mark.parametrize("topic", oracles.TOPICS)
def test_the_packages_still_say_what_the_fixtures_hold(topic):
    kept, now = golden.kept(topic), oracles.answers(topic)
    assert set(now) == set(kept)
    for name, value in now.items():
        assert value == pytest.approx(kept[name], rel=1e-4, abs=1e-6), name


@pytest.mark.parametrize(("name", "trunk"), [("alexnet", AlexNet), ("vgg16", VGG16)])
def test_trunks_take_torchvisions_state_and_give_its_features(name, trunk):
    from torchvision import models

    theirs = getattr(models, name)(weights=None).eval()
    state = golden.seeded_state(theirs.state_dict(), 4)
    theirs.load_state_dict(state)
    ours = trunk().eval()
    ours.load_state_dict({k: v for k, v in state.items() if k.startswith("features.")})
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(1, 3, 80, 72)).astype(np.float32))
    with torch.inference_mode():
        taps = ours(x)
        assert tuple(t.shape[1] for t in taps) == trunk.channels
        expected = x
        for index, layer in enumerate(theirs.features[: trunk.taps[-1] + 1]):
            expected = layer(expected)
            if index in trunk.taps:
                torch.testing.assert_close(taps[trunk.taps.index(index)], expected)
                expected = expected.clone()  # their next ReLU works in place


def test_syncnet_takes_the_references_state_and_gives_its_embeddings():
    theirs = oracles_syncnet.syncnet_network()
    ours = SyncNet().eval()
    ours.load_state_dict(theirs.state_dict())
    rng = np.random.default_rng(1)
    lips = torch.from_numpy(rng.uniform(0, 255, (2, 3, 5, 224, 224)).astype(np.float32))
    sound = torch.from_numpy(rng.normal(0, 10, (2, 1, 13, 20)).astype(np.float32))
    with torch.inference_mode():
        torch.testing.assert_close(ours.forward_lip(lips), theirs.forward_lip(lips))
        torch.testing.assert_close(ours.forward_aud(sound), theirs.forward_aud(sound))
