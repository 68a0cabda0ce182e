"""Audio, action units and emotion: shapes of the paper and independent computations."""

import pytest
import torch

from methods.ua3dtalk.field.attention import AUAttention, AudioEncoder
from methods.ua3dtalk.field.audio import AudioAttNet, AudioNet, WindowConv1d
from methods.ua3dtalk.field.emotion import EmotionEncoder
from methods.ua3dtalk.field.planes import TriPlanes


def test_audio_net_has_the_published_layers():
    net = AudioNet(29, 16)
    shapes = [tuple(p.shape) for p in net.parameters() if p.ndim > 1]
    assert shapes == [(32, 29, 3), (32, 32, 3), (64, 32, 3), (64, 64, 3), (64, 64), (32, 64)]
    assert net(torch.randn(8, 29, 16)).shape == (8, 32)


@pytest.mark.parametrize("stride", [1, 2])
def test_window_convolution_is_a_convolution(stride):
    ours = WindowConv1d(5, 7, 3, stride=stride, padding=1)
    x = torch.randn(4, 5, 16)
    truth = torch.nn.functional.conv1d(x, ours.weight, ours.bias, stride=stride, padding=1)
    torch.testing.assert_close(ours(x), truth)


def test_audio_net_takes_other_speech_features():
    assert AudioNet(44, 10)(torch.randn(8, 44, 10)).shape == (8, 32)


def test_audio_windows_are_encoded_alone():
    net, audio = AudioNet(29, 16), torch.randn(8, 29, 16)
    changed = audio.clone()
    changed[3] += 1
    same = torch.arange(8) != 3
    before, after = net(audio), net(changed)
    torch.testing.assert_close(before[same], after[same])
    assert not torch.allclose(before[3], after[3])


def test_audio_frames_are_a_convex_combination():
    net, frames = AudioAttNet(), torch.randn(8, 32)
    shapes = [tuple(p.shape) for p in net.parameters() if p.ndim > 1]
    assert shapes == [(16, 32, 3), (8, 16, 3), (4, 8, 3), (2, 4, 3), (1, 2, 3), (8, 8)]
    mixed = net(frames)
    assert mixed.shape == (32,)
    assert (mixed >= frames.min(0).values - 1e-6).all()
    assert (mixed <= frames.max(0).values + 1e-6).all()
    torch.testing.assert_close(net(frames[:1].expand(8, 32)), frames[0])


def test_audio_channel_attention():
    attention, position = AudioEncoder(29, 16, 64), torch.rand(64, 9)
    first, _, second = attention.channels
    assert (first.bias, second.bias) == (None, None)
    truth = torch.relu(position.t() @ first.weight.t()) @ second.weight.t()
    torch.testing.assert_close(attention.map(position), truth.t())
    assert attention.code(torch.randn(8, 29, 16)).shape == (32,)


def test_blink_bypasses_the_au_network():
    attention = AUAttention(64)
    au = torch.tensor([1.0, 0.5, 2.0, 0.0, 3.0, 1.7])
    blink = au.clone()
    blink[5] = 0.3
    assert attention.gain(au)[5] == au[5]
    assert torch.equal(attention.gain(au)[:5], attention.gain(blink)[:5])
    assert (attention.map(torch.randn(64, 200)) >= 0).all()


def test_emotion_is_soft_attention_over_each_codebook(means):
    encoder = EmotionEncoder(8, (1, 2, 4), 6, 128, 0.15).double()
    emotion = torch.randn(128, dtype=torch.float64)
    query = encoder.project(emotion)
    assert [tuple(book.shape) for book in encoder.codebooks] == [(6, 6), (12, 6), (24, 6)]
    truth = []
    for book in encoder.codebooks:
        scores = torch.stack([(query * row).sum() / 6**0.5 for row in book])
        weights = scores.exp() / scores.exp().sum()
        truth.append(sum(weight * row for weight, row in zip(weights, book, strict=True)))
    torch.testing.assert_close(encoder.gain(emotion), torch.cat(truth))
    assert encoder.map(means).shape == (18, len(means))
    assert encoder.outputs == 18


def test_emotion_has_the_published_sizes():
    encoder = EmotionEncoder(64, (1, 2, 4), 64, 128, 0.15)
    assert [tuple(book.shape) for book in encoder.codebooks] == [(64, 64), (128, 64), (256, 64)]
    assert encoder.outputs == 192
    for book in encoder.codebooks:
        assert book.min() >= 0.1
        assert book.max() <= 0.5


def first_attention(seed, *, opened):
    """Mean attention of each unit over the volume, [6], before any training."""
    torch.manual_seed(seed)
    planes = TriPlanes(16, (1, 2, 4), 8, 0.15)
    encoded = planes(0.3 * torch.rand(500, 3) - 0.15)
    with torch.no_grad():
        return AUAttention(len(encoded), opened=opened).map(encoded).mean(1)


def test_an_opened_attention_lets_every_unit_act_at_the_start():
    found = torch.stack([first_attention(seed, opened=True) for seed in range(8)])
    assert float((found - 1).abs().max()) < 0.4
    # As released most units hardly act, and several not at all.
    released = torch.stack([first_attention(seed, opened=False) for seed in range(8)])
    assert float(released.max()) < 0.05
    assert int((released == 0).sum()) > 5
