import golden
import numpy as np
import pytest
import torch

from metrics.backbones.syncnet import FoldedSyncNet, SyncNet


@pytest.fixture(scope="module")
def nets():
    net = SyncNet()
    net.load_state_dict(golden.seeded_state(net.state_dict(), 2))
    net.eval()
    before = {k: v.clone() for k, v in net.state_dict().items()}
    folded = net.folded()
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())
    return net, folded


def test_it_has_the_size_of_the_published_network(nets):
    state = nets[0].state_dict()
    assert len(state) == 102
    assert sum(p.numel() for p in nets[0].parameters()) == 13_631_616


def test_folding_changes_nothing_but_the_rounding(nets):
    net, folded = nets
    rng = np.random.default_rng(0)
    lips = torch.from_numpy(rng.uniform(0, 255, (2, 3, 5, 224, 224)).astype(np.float32))
    sound = torch.from_numpy(rng.normal(0, 10, (3, 1, 13, 20)).astype(np.float32))
    with torch.inference_mode():
        for ours, theirs in (
            (folded.forward_lip(lips), net.forward_lip(lips)),
            (folded.forward_aud(sound), net.forward_aud(sound)),
        ):
            assert ours.shape == theirs.shape
            assert (ours - theirs).abs().max() < 1e-5 * theirs.abs().max()


def test_no_batch_norm_and_no_third_dimension_is_left(nets):
    kinds = {type(m).__name__ for m in nets[1].modules()}
    assert not {k for k in kinds if k.endswith("3d") or k.startswith("BatchNorm")}
    assert not any(p.requires_grad for p in nets[1].parameters())
    assert isinstance(nets[1], FoldedSyncNet)
