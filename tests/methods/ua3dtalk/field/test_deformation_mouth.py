import pytest
import torch

from harness.contracts import BadInput
from methods.ua3dtalk.field.conditions import Conditions
from methods.ua3dtalk.field.config import FieldConfig
from methods.ua3dtalk.field.deformation import MouthField


def mouth(config):
    torch.manual_seed(0)
    return MouthField(config).double()


def test_moves_positions_only_and_less_sideways(small_config, means, conditions):
    field = mouth(small_config())
    offsets = field(means, conditions, stage=2)
    assert (offsets.quats, offsets.scales) == (None, None)
    assert offsets.attention == {}
    position = field.planes(means)
    inputs = field.inputs(conditions, field.maps(means, position))
    fused = torch.relu(field.fuse(position, inputs, stage=2))
    raw = field.decoder.heads["means"](fused).t()
    torch.testing.assert_close(offsets.means, raw * torch.tensor([0.002, 0.01, 0.002]).double())


@pytest.mark.parametrize(
    "switches", [{}, {"use_prior": False}, {"use_uncertainty": False}, {"fusion": "diag"}]
)
def test_baked_equals_forward(small_config, means, conditions, switches):
    field = mouth(small_config(**switches))
    truth = field(means, conditions, stage=2)
    found = field.bake(means)(conditions)
    torch.testing.assert_close(found.means, truth.means, rtol=0, atol=1e-12)


def test_is_conditioned_on_neither_emotion_nor_action_units(small_config, means, conditions):
    field = mouth(small_config())
    partial = Conditions(conditions.audio, content=conditions.content, style=conditions.style)
    assert torch.equal(
        field(means, conditions, stage=2).means, field(means, partial, stage=2).means
    )
    with pytest.raises(BadInput, match="'content'"):
        field(means, Conditions(conditions.audio), stage=2)


def test_published_sizes():
    field = MouthField(FieldConfig(multipliers=(1, 1, 1, 1)))
    inputs = {name: net.weight_in.shape[2] for name, net in field.fuse.ensembles.items()}
    assert inputs == {"audio": 96, "content": 128, "style": 128}


def test_param_groups_hold_every_parameter_once_and_all_train(small_config, means, conditions):
    field = mouth(small_config())
    grouped = [id(p) for group in field.param_groups().values() for p in group]
    assert sorted(grouped) == sorted(id(p) for p in field.parameters())
    field(means, conditions, stage=2).means.sum().backward()
    for name, parameter in field.named_parameters():
        assert parameter.grad.abs().sum() > 0, name


def test_stage_one_is_reproducible(small_config, means, conditions):
    field = mouth(small_config())
    first, second = (
        field(means, conditions, stage=1, generator=torch.Generator().manual_seed(5)).means
        for _ in range(2)
    )
    assert torch.equal(first, second)
