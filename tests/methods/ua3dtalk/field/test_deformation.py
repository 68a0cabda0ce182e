import pytest
import torch

from benchmarks.fusion import published_fusion
from harness.contracts import BadInput
from methods.ua3dtalk.field.conditions import Conditions
from methods.ua3dtalk.field.config import FieldConfig
from methods.ua3dtalk.field.deformation import FaceField

SWITCHES = [
    {},
    {"use_au": False},
    {"use_prior": False},
    {"use_emotion": False},
    {"use_uncertainty": False},
    {"use_prior": False, "use_emotion": False, "use_uncertainty": False},
    {"fusion": "diag"},
    {"fusion": "mean"},
    {"fusion": "concat"},
    {"ensemble_size": 1},
]


def face(config, seed=0):
    torch.manual_seed(seed)
    return FaceField(config).double()


def published_forward(field, means, conditions):
    """The face branch as published: features by row, inputs concatenated, members in a loop."""
    rows = field.planes(means).t()
    N = len(rows)

    def linear(x, layer):
        return x @ layer.weight.t() + (0 if layer.bias is None else layer.bias)

    def mlp(x, net):
        return linear(torch.relu(linear(x, net[0])), net[2])

    audio = field.audio.frames(field.audio.net(conditions.audio)) * mlp(rows, field.audio.channels)
    au = torch.cat([field.au.net(conditions.au[:5]), conditions.au[5:]])
    au = au * torch.relu(mlp(rows, field.au.channels))
    emotion = field.emotion.gain(conditions.emotion) * field.emotion.map(means).t()
    inputs = {
        "audio": torch.cat([audio, au, rows], 1),
        "content": torch.cat([conditions.content.expand(N, 64), rows], 1),
        "style": torch.cat([conditions.style.expand(N, 64), rows], 1),
        "emotion": emotion,
    }
    modalities = []
    for name, x in inputs.items():
        net = field.fuse.ensembles[name]
        modalities.append(
            torch.stack(
                [
                    (torch.relu(x @ w1.t() + b1) @ w2.t() + b2).t()
                    for w1, b1, w2, b2 in zip(
                        net.weight_in, net.bias_in, net.weight_out, net.bias_out, strict=True
                    )
                ]
            )
        )
    fused = torch.cat([published_fusion(modalities).t(), rows], 1)
    fused = torch.relu(linear(fused, field.fuse.output))
    offsets = {name: mlp(fused, head) for name, head in field.decoder.heads.items()}
    return offsets["means"] * 1e-2, offsets["quats"], offsets["scales"]


def test_equals_the_published_forward_pass(small_config, means, conditions):
    field = face(small_config())
    found = field(means, conditions, stage=2)
    truth = published_forward(field, means, conditions)
    for ours, theirs in zip((found.means, found.quats, found.scales), truth, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)


def test_gradients_equal_the_published_ones(small_config, means, conditions):
    field = face(small_config())
    found = field(means, conditions, stage=2)
    names, parameters = zip(*field.named_parameters(), strict=True)
    ours = torch.autograd.grad(
        found.means.sum() + found.quats.square().sum() + found.scales.sum(), parameters
    )
    delta, quats, scales = published_forward(field, means, conditions)
    theirs = torch.autograd.grad(delta.sum() + quats.square().sum() + scales.sum(), parameters)
    for name, a, b in zip(names, ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-8, atol=1e-10, msg=name)


@pytest.mark.parametrize("switches", SWITCHES)
def test_every_switch_trains_every_parameter_in_stage_two(
    small_config, means, conditions, switches
):
    field = face(small_config(**switches))
    offsets = field(means, conditions, stage=2)
    assert offsets.means.shape == (45, 3)
    assert offsets.quats.shape == (45, 4)
    assert offsets.scales.shape == (45, 3)
    (offsets.means.sum() + offsets.quats.sum() + offsets.scales.sum()).backward()
    for name, parameter in field.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("switches", SWITCHES)
def test_baked_equals_forward(small_config, means, conditions, switches):
    field = face(small_config(**switches))
    baked = field.bake(means)
    found, truth = baked(conditions), field(means, conditions, stage=2)
    for name in ("means", "quats", "scales"):
        torch.testing.assert_close(getattr(found, name), getattr(truth, name), rtol=0, atol=1e-12)
    assert found.attention.keys() == truth.attention.keys()
    assert not found.means.requires_grad


def test_baked_field_can_be_called_again(small_config, means, conditions):
    baked = face(small_config()).bake(means)
    first = baked(conditions).quats
    baked(Conditions(*(value * 2 for value in vars(conditions).values())))
    assert torch.equal(baked(conditions).quats, first)


def test_baked_equals_forward_in_float32_at_the_published_sizes(conditions):
    torch.manual_seed(0)
    sizes = {"multipliers": (1, 2), "emotion_multipliers": (1, 2)}
    field = FaceField(FieldConfig(**sizes))
    single = Conditions(**{k: v.float() for k, v in vars(conditions).items()})
    means = (torch.rand(300, 3) - 0.5) * 0.3
    found, truth = field.bake(means)(single), field(means, single, stage=2)
    for name in ("means", "quats", "scales"):
        torch.testing.assert_close(getattr(found, name), getattr(truth, name), rtol=0, atol=1e-5)
    precise = field.double()(means.double(), conditions, stage=2)
    torch.testing.assert_close(found.quats.double(), precise.quats, rtol=1e-3, atol=1e-5)


def test_stage_one_draws_from_the_generator(small_config, means, conditions):
    field = face(small_config())

    def run(seed):
        generator = torch.Generator().manual_seed(seed)
        return [
            field(means, conditions, stage=1, generator=generator).quats.sum().item()
            for _ in range(8)
        ]

    assert run(1) == run(1)
    assert run(1) != run(2)
    assert len(set(run(1))) > 1


def test_attention_is_the_norm_of_the_maps(small_config, means, conditions):
    field = face(small_config())
    offsets = field(means, conditions, stage=2)
    position = field.planes(means)
    for name, module in (("audio", field.audio), ("au", field.au)):
        truth = module.map(position).square().sum(0).sqrt()
        torch.testing.assert_close(offsets.attention[name], truth)
    assert set(face(small_config(use_au=False)).bake(means)(conditions).attention) == {"audio"}


def test_each_signal_matters_exactly_where_it_is_used(small_config, means, conditions):
    values = vars(conditions)
    for switches, silent in (
        ({}, []),
        ({"use_au": False}, ["au"]),
        ({"use_prior": False}, ["content", "style"]),
        ({"use_emotion": False}, ["emotion"]),
    ):
        baked = face(small_config(**switches)).bake(means)
        before = baked(conditions).quats
        for name in values:
            changed = baked(Conditions(**{**values, name: values[name] * 2 + 0.5})).quats
            assert torch.equal(before, changed) == (name in silent), (switches, name)


def test_published_sizes():
    field = FaceField(FieldConfig(multipliers=(1, 1, 1, 1), emotion_multipliers=(1, 2, 4)))
    inputs = {name: net.weight_in.shape for name, net in field.fuse.ensembles.items()}
    assert inputs == {
        "audio": (10, 64, 102),
        "content": (10, 64, 128),
        "style": (10, 64, 128),
        "emotion": (10, 64, 192),
    }
    assert all(net.weight_out.shape == (10, 96, 64) for net in field.fuse.ensembles.values())
    assert field.fuse.output.weight.shape == (64, 48 + 64)
    heads = {name: head[2].weight.shape[0] for name, head in field.decoder.heads.items()}
    assert heads == {"means": 3, "quats": 4, "scales": 3}


@pytest.mark.parametrize("switches", SWITCHES)
def test_param_groups_hold_every_parameter_once(small_config, switches):
    field = face(small_config(**switches))
    grouped = [id(p) for group in field.param_groups().values() for p in group]
    assert sorted(grouped) == sorted(id(p) for p in field.parameters())


def test_refuses_missing_or_misshapen_conditions(small_config, means, conditions):
    field = face(small_config())
    values = vars(conditions)
    with pytest.raises(BadInput, match=r"'emotion'.*absent.*\(128,\)"):
        field(means, Conditions(**{**values, "emotion": None}), stage=2)
    with pytest.raises(BadInput, match=r"'audio'.*\(16, 29\)"):
        field(means, Conditions(**{**values, "audio": torch.zeros(16, 29)}), stage=1)
    with pytest.raises(BadInput, match="stage"):
        field(means, conditions, stage=3)
    with pytest.raises(BadInput, match="'au'"):
        field.bake(means)(Conditions(**{**values, "au": None}))


@pytest.mark.gpu
def test_same_on_cuda(small_config, means, conditions):
    field = face(small_config())
    truth = field(means, conditions, stage=2)
    moved = Conditions(**{name: value.cuda() for name, value in vars(conditions).items()})
    found = field.cuda().bake(means.cuda())(moved)
    torch.testing.assert_close(found.quats.cpu(), truth.quats.detach())
