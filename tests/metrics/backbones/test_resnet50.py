import golden
import numpy as np
import pytest
import torch

from harness.contracts import BadInput
from metrics.backbones.load import read_state
from metrics.backbones.resnet50 import HEADS, ReconNet, ResNet50, open_recon, part

VALUES = golden.kept("inception")


@pytest.fixture(scope="module")
def state():
    return golden.seeded_state(ReconNet().state_dict(), 7)


def test_features_are_torchvisions():
    net = ResNet50().eval()
    net.load_state_dict(golden.seeded_state(net.state_dict(), 6))
    x = torch.from_numpy(golden.image_pair(224)[1]).permute(2, 0, 1)[None].float() / 255
    with torch.inference_mode():
        found = golden.projections("resnet50", net(x).flatten().numpy())
    for name, value in found.items():
        assert value == pytest.approx(VALUES[name], rel=1e-4), name


def test_heads_stand_where_the_reference_has_them():
    assert sum(HEADS.values()) == 257
    # models/bfm.py, split_coeff: :80, 80:144, 144:224, 224:227, 227:254, 254:
    bounds = [(part(name).start, part(name).stop) for name in HEADS]
    assert bounds[:5] == [(0, 80), (80, 144), (144, 224), (224, 227), (227, 254)]
    assert bounds[5:] == [(254, 256), (256, 257)]


@pytest.mark.parametrize("head", range(7))
def test_a_one_hot_bias_comes_out_in_its_own_slice(head, state):
    net = ReconNet().eval()
    for layer in net.final_layers:
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    name = list(HEADS)[head]
    net.final_layers[head].bias.data[-1] = 1
    with torch.inference_mode():
        found = net(torch.rand(2, 3, 64, 64)).numpy()
    assert found.shape == (2, 257)
    expected = np.zeros(257)
    expected[part(name).stop - 1] = 1
    assert np.array_equal(found, np.stack([expected, expected]))


def test_reads_the_network_out_of_a_training_checkpoint(tmp_path, state):
    optimiser = {"state": {0: {"step": 3, "exp_avg": torch.zeros(2)}}, "param_groups": [{"lr": 1}]}
    torch.save({"net_recon": state, "opt_00": optimiser}, tmp_path / "epoch_20.pth")
    torch.save(state, tmp_path / "plain.pth")
    whole, plain = (open_recon(tmp_path / name) for name in ("epoch_20.pth", "plain.pth"))
    for a, b in zip(whole.parameters(), plain.parameters(), strict=True):
        assert torch.equal(a, b)
    with pytest.raises(BadInput, match="plain state dict"):
        read_state(tmp_path / "epoch_20.pth")


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    torch.save({"net_recon": {"fc.weight": torch.zeros(2)}}, tmp_path / "epoch_20.pth")
    with pytest.raises(BadInput, match="does not fit ReconNet"):
        open_recon(tmp_path / "epoch_20.pth")
