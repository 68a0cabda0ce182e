"""The frozen wav2vec 2.0: its weights are read by the names of the published file, and used."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from harness.contracts import BadInput
from methods.ua3dtalk.priors.emotion import waveform
from methods.ua3dtalk.priors.emotion.waveform import Wav2Vec2Encoder, build_encoder

#: wav2vec 2.0 base, narrow and shallow.
HEADS, LAYERS, POSITIONS, GROUPS = 2, 2, 16, 2
KERNELS, STRIDES = (10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2)
TINY = {
    "hidden_size": 24,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "intermediate_size": 32,
    "conv_dim": (8,) * 7,
    "num_conv_pos_embeddings": POSITIONS,
    "num_conv_pos_embedding_groups": GROUPS,
}


def standardised(wave):
    centred = wave - wave.mean(1, keepdim=True)
    return centred / (centred.square().mean(1, keepdim=True) + 1e-7).sqrt()


def seeded(shapes):
    rng = np.random.Generator(np.random.PCG64(3))
    found = {}
    for name, shape in shapes.items():
        values = torch.from_numpy(rng.uniform(-0.4, 0.4, shape)).float()
        gain = name.endswith(("norm.weight", "weight_g"))
        found[name] = 1 + values if gain else values
    return found


def published_shapes():
    """Names of `pytorch_model.bin` -> shapes at the tiny sizes."""
    hidden, inner, channels = 24, 32, 8
    found = {"masked_spec_embed": (hidden,)}

    def layer(name, *shape, bias=True):
        found[f"{name}.weight"] = shape
        if bias:
            found[f"{name}.bias"] = shape[:1]

    for k, kernel in enumerate(KERNELS):
        inputs = channels if k else 1
        layer(f"feature_extractor.conv_layers.{k}.conv", channels, inputs, kernel, bias=False)
    layer("feature_extractor.conv_layers.0.layer_norm", channels)
    layer("feature_projection.layer_norm", channels)
    layer("feature_projection.projection", hidden, channels)
    found["encoder.pos_conv_embed.conv.bias"] = (hidden,)
    found["encoder.pos_conv_embed.conv.weight_g"] = (1, 1, POSITIONS)
    found["encoder.pos_conv_embed.conv.weight_v"] = (hidden, hidden // GROUPS, POSITIONS)
    layer("encoder.layer_norm", hidden)
    for k in range(LAYERS):
        for name in ("k_proj", "v_proj", "q_proj", "out_proj"):
            layer(f"encoder.layers.{k}.attention.{name}", hidden, hidden)
        layer(f"encoder.layers.{k}.feed_forward.intermediate_dense", inner, hidden)
        layer(f"encoder.layers.{k}.feed_forward.output_dense", hidden, inner)
        layer(f"encoder.layers.{k}.layer_norm", hidden)
        layer(f"encoder.layers.{k}.final_layer_norm", hidden)
    return found


def published_forward(state, wave):
    """wav2vec 2.0 base (arXiv 2006.11477) in evaluation, by the names of its file."""

    def linear(name, x):
        return F.linear(x, state[f"{name}.weight"], state[f"{name}.bias"])

    def norm(name, x):
        return F.layer_norm(x, x.shape[-1:], state[f"{name}.weight"], state[f"{name}.bias"])

    x = standardised(wave)[:, None]
    for k, stride in enumerate(STRIDES):
        name = f"feature_extractor.conv_layers.{k}"
        x = F.conv1d(x, state[f"{name}.conv.weight"], stride=stride)
        if k == 0:
            gain, bias = state[f"{name}.layer_norm.weight"], state[f"{name}.layer_norm.bias"]
            x = F.group_norm(x, len(gain), gain, bias)
        x = F.gelu(x)
    x = linear("feature_projection.projection", norm("feature_projection.layer_norm", x.mT))
    name = "encoder.pos_conv_embed.conv"
    direction = state[f"{name}.weight_v"]
    length = direction.square().sum((0, 1), keepdim=True).sqrt()
    kernel = state[f"{name}.weight_g"] * direction / length
    places = F.conv1d(x.mT, kernel, state[f"{name}.bias"], padding=POSITIONS // 2, groups=GROUPS)
    x = norm("encoder.layer_norm", x + F.gelu(places[..., :-1]).mT)
    for k in range(LAYERS):
        name = f"encoder.layers.{k}"
        q, key, v = (
            linear(f"{name}.attention.{n}_proj", x).unflatten(2, (HEADS, -1)).transpose(1, 2)
            for n in "qkv"
        )
        weights = (q @ key.mT / q.shape[-1] ** 0.5).softmax(-1)
        joined = (weights @ v).transpose(1, 2).flatten(2)
        x = norm(f"{name}.layer_norm", x + linear(f"{name}.attention.out_proj", joined))
        inner = F.gelu(linear(f"{name}.feed_forward.intermediate_dense", x))
        inner = linear(f"{name}.feed_forward.output_dense", inner)
        x = norm(f"{name}.final_layer_norm", x + inner)
    return x


class Model(nn.Module):
    """In place of transformers: one strided layer, with dropout that evaluation must skip."""

    def __init__(self, _):
        super().__init__()
        self.masked_spec_embed = nn.Parameter(torch.zeros(6))
        self.layer = nn.Conv1d(1, 6, 400, 320)
        self.dropout = nn.Dropout(0.5)

    def forward(self, wave):
        return SimpleNamespace(last_hidden_state=self.dropout(self.layer(wave[:, None])).mT)


def stand_in_forward(state, wave):
    wave = standardised(wave)[:, None]
    return F.conv1d(wave, state["layer.weight"], state["layer.bias"], 320).mT


@pytest.fixture(params=["stand-in", pytest.param("transformers", marks=pytest.mark.speech)])
def library(request, monkeypatch):
    """Shapes by published name, and the forward pass that they mean."""
    if request.param == "stand-in":
        module = ModuleType("transformers")
        module.Wav2Vec2Config, module.Wav2Vec2Model = object, Model
        monkeypatch.setitem(sys.modules, "transformers", module)
        monkeypatch.setattr("importlib.util.find_spec", lambda _: object())
        shapes = {k: tuple(v.shape) for k, v in Model(None).state_dict().items()}
        return shapes, stand_in_forward
    import transformers

    config = transformers.Wav2Vec2Config(**TINY)
    monkeypatch.setattr(transformers, "Wav2Vec2Config", lambda: config)
    return published_shapes(), published_forward


@pytest.fixture
def file(library, tmp_path):
    """As published: names begin with `wav2vec2.`, and the heads of the pre-training are there."""
    state = seeded(library[0])
    path = tmp_path / "pytorch_model.bin"
    stored = {f"wav2vec2.{name}": value for name, value in state.items()}
    torch.save(stored | {"quantizer.codevectors": torch.ones(2)}, path)
    return path, state


def sound():
    rng = np.random.Generator(np.random.PCG64(4))
    return torch.from_numpy(0.05 * rng.normal(size=(2, 48_000)) + 0.01).float()


def test_it_computes_what_the_weights_mean(library, file):
    path, state = file
    encoder = Wav2Vec2Encoder(path)
    found = encoder(sound())
    expected = library[1]({k: v.double() for k, v in state.items()}, sound().double())
    assert found.shape[:2] == (2, waveform.STEPS)
    torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=1e-4)


def test_it_stays_as_it_is(file):
    encoder = Wav2Vec2Encoder(file[0])
    before = encoder(sound())
    outer = nn.Sequential(encoder).train()
    assert not any(module.training for module in encoder.modules())
    assert not any(p.requires_grad for p in outer.parameters())
    assert not before.requires_grad
    assert torch.equal(encoder(sound()), before)


def test_a_file_that_lacks_weights_is_refused(library, file):
    path, state = file
    state.pop("masked_spec_embed")  # fine-tuned files come without it
    torch.save(state, path)
    Wav2Vec2Encoder(path)
    lost = next(name for name in state if name.endswith("bias"))
    del state[lost]
    torch.save(state, path)
    with pytest.raises(BadInput, match=rf"pytorch_model.bin: it lacks 1 tensors .*{lost}"):
        Wav2Vec2Encoder(path)


def test_it_is_taken_where_it_is(file, monkeypatch):
    monkeypatch.setattr(waveform, "resolve", lambda _: file[0])
    for choice in ("auto", "wav2vec2"):
        encoder, described = build_encoder(choice, 8)
        assert isinstance(encoder, Wav2Vec2Encoder)
        assert described == "wav2vec2: frozen pytorch_model.bin"
