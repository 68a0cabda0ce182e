"""Winograd's convolution is the plain one, at every size, and replaces only what it can."""

import golden
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from metrics.backbones.lpips import LPIPS
from metrics.backbones.trunks import VGG16
from metrics.backbones.winograd import Winograd, quickened


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
        ours, plain = Winograd(conv)(x), conv(x)
    assert ours.shape == plain.shape
    torch.testing.assert_close(ours, plain, atol=2e-5, rtol=0)


def test_many_bands_are_as_one():
    torch.manual_seed(0)
    conv = nn.Conv2d(4, 6, 3, padding=1)
    x = picture(1, 4, 41, 30)
    one, many = Winograd(conv), Winograd(conv)
    one.tiles, many.tiles = 10_000, 1
    with torch.inference_mode():
        torch.testing.assert_close(one(x), many(x), atol=1e-6, rtol=0)


def test_rounding_stays_small_on_wide_layers():
    torch.manual_seed(0)
    conv = nn.Conv2d(256, 256, 3, padding=1)
    x = picture(1, 256, 32, 32).relu()
    with torch.inference_mode():
        exact = nn.functional.conv2d(
            x.double(), conv.weight.double(), conv.bias.double(), padding=1
        )
        error = (Winograd(conv)(x) - exact).abs().max()
    assert error < 3e-5 * exact.abs().max()


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
    assert quickened(net)[0] is conv


def test_lpips_over_vgg_is_the_same():
    net = LPIPS(VGG16()).eval().requires_grad_(False)
    net.trunk.load_state_dict(golden.seeded_state(net.trunk.state_dict(), 1))
    x, y = (torch.tensor(v).permute(2, 0, 1)[None] / 127.5 - 1 for v in golden.image_pair(70))
    with torch.inference_mode():
        plain = net(x, y)
        quick = quickened(net)(x, y)
        assert sum(isinstance(m, Winograd) for m in net.modules()) == 11
        torch.testing.assert_close(quick, plain, rtol=1e-5, atol=0)
        assert quick != 0
        assert net(x, x) == 0
