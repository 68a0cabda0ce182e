"""Winograd's convolution is the plain one, at every size, and replaces only what it can."""

import golden
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from metrics.backbones.lpips import PerceptualDistance
from metrics.backbones.trunks import VGG16
from metrics.backbones.winograd import Winograd, use_winograd

#: Rounding to float32 is by at most this part of a value.
UNIT = torch.finfo(torch.float32).eps / 2


def rounding(conv, x):
    """How far float32 may be from the exact outputs [B,K,H,W], on any processor.

    Each of the 36 + C + 36 terms that an output is a sum of is rounded once on its way, by
    independent errors of at most `UNIT`: variances add, so the transforms are applied to squares.
    Four such deviations cover every output of these tests; a wrong term is thousands away.
    """
    squares = Winograd(conv).double()
    for name in ("kernel", "before", "after"):
        setattr(squares, name, getattr(squares, name).square())
    squares.bias = None
    terms = 72 + conv.in_channels
    return 4 * UNIT * terms**0.5 * squares(x.double().square()).sqrt()


def exact(conv, x):
    bias = None if conv.bias is None else conv.bias.double()
    return nn.functional.conv2d(x.double(), conv.weight.double(), bias, padding=1)


def picture(batch, channels, height, width):
    generator = torch.Generator().manual_seed(height * 100 + width)
    return torch.randn(batch, channels, height, width, generator=generator)


@given(st.integers(1, 3), st.integers(1, 23), st.integers(1, 23), st.booleans())
@settings(max_examples=40, deadline=None)
def test_equals_the_plain_convolution_at_any_size(batch, height, width, bias):
    torch.manual_seed(0)
    conv = nn.Conv2d(5, 7, 3, padding=1, bias=bias)
    x = picture(batch, 5, height, width)
    with torch.inference_mode():
        ours, true = Winograd(conv)(x), exact(conv, x)
        assert ours.shape == true.shape
        assert ((ours - true).abs() <= rounding(conv, x) + UNIT * true.abs()).all()


def test_many_bands_are_as_one():
    torch.manual_seed(0)
    conv = nn.Conv2d(4, 6, 3, padding=1)
    x = picture(1, 4, 41, 30)
    one, many = Winograd(conv), Winograd(conv)
    one.tiles, many.tiles = 10_000, 1
    with torch.inference_mode():
        true, allowed = exact(conv, x), rounding(conv, x)
        for ours in (one(x), many(x)):
            assert ((ours - true).abs() <= allowed + UNIT * true.abs()).all()


def test_rounding_stays_small_on_wide_layers():
    torch.manual_seed(0)
    conv = nn.Conv2d(256, 256, 3, padding=1)
    x = picture(1, 256, 32, 32).relu()
    with torch.inference_mode():
        true = exact(conv, x)
        error = (Winograd(conv)(x) - true).abs()
    assert (error <= rounding(conv, x) + UNIT * true.abs()).all()
    assert error.max() < 5e-5 * true.abs().max()


@pytest.mark.parametrize(
    "conv",
    [
        nn.Conv2d(256, 256, 3, padding=1, stride=2),
        nn.Conv2d(256, 256, 3, padding=2, dilation=2),
        nn.Conv2d(256, 256, 3),
        nn.Conv2d(256, 256, 1),
        nn.Conv2d(256, 256, 3, padding=1, groups=2),
        nn.Conv2d(256, 256, 3, padding=1, padding_mode="reflect"),
        nn.Conv2d(64, 64, 3, padding=1),
    ],
)
def test_other_convolutions_are_left_alone(conv):
    net = nn.Sequential(conv)
    assert use_winograd(net)[0] is conv


def test_lpips_over_vgg_is_the_same():
    net = PerceptualDistance(VGG16()).eval().requires_grad_(False)
    net.trunk.load_state_dict(golden.seeded_state(net.trunk.state_dict(), 1))
    x, y = (torch.tensor(v).permute(2, 0, 1)[None] / 127.5 - 1 for v in golden.image_pair(70))
    with torch.inference_mode():
        plain = net(x, y)
        quick = use_winograd(net)(x, y)
        assert sum(isinstance(m, Winograd) for m in net.modules()) == 11
        # Each of 13 layers rounds by some 4e-6 of its values, and differences are squared.
        torch.testing.assert_close(quick, plain, rtol=2 * 13 * 4e-6, atol=0)
        assert quick != 0
        assert net(x, x) == 0
