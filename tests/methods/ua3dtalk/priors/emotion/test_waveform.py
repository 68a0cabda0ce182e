import importlib.util

import pytest
import torch

from harness.contracts import Unavailable
from methods.ua3dtalk.priors.emotion import waveform
from methods.ua3dtalk.priors.emotion.waveform import ConvEncoder, build_encoder


def test_149_steps_like_wav2vec2():
    assert ConvEncoder(8)(torch.randn(2, 48000)).shape == (2, 149, 8)


def test_equals_strided_convolutions():
    torch.manual_seed(0)
    encoder = ConvEncoder(4)
    wave = torch.randn(1, 48000)
    x = ((wave - wave.mean()) / wave.std(unbiased=False))[:, None]
    channels = (1, 4, 4)
    for layer, c, k, s in zip(encoder.layers, channels, (40, 6, 6), (20, 4, 4), strict=True):
        x = torch.nn.functional.conv1d(x, layer.weight.view(4, c, k), layer.bias, s)
        x = torch.nn.functional.gelu(x)
    torch.testing.assert_close(encoder(wave), x.transpose(1, 2), rtol=1e-4, atol=1e-5)


def test_loudness_is_taken_out_and_silence_is_finite():
    encoder, wave = ConvEncoder(4), torch.randn(1, 48000)
    torch.testing.assert_close(encoder(wave), encoder(0.1 * wave), rtol=1e-3, atol=1e-4)
    assert torch.isfinite(encoder(torch.zeros(1, 48000))).all()


@pytest.fixture
def no_weights(monkeypatch):
    def refuse(name: str):
        raise Unavailable(f"weights {name!r}", "no such file", "Fetch it.")

    monkeypatch.setattr(waveform, "resolve", refuse)


def test_without_weights_the_record_says_what_stands_in(no_weights):
    encoder, described = build_encoder("auto", 8)
    assert isinstance(encoder, ConvEncoder)
    assert "trained" in described
    assert "wav2vec2-base" in described
    with pytest.raises(Unavailable, match="wav2vec2-base"):
        build_encoder("wav2vec2", 8)


def test_weights_without_their_package_are_unavailable(monkeypatch, tmp_path):
    monkeypatch.setattr(waveform, "resolve", lambda _: tmp_path / "model.safetensors")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(Unavailable, match="transformers"):
        build_encoder("wav2vec2", 8)
    assert "transformers" in build_encoder("auto", 8)[1]
