import numpy as np
import pytest
import torch

from methods.ua3dtalk.priors.config import PRESETS, PriorConfig
from methods.ua3dtalk.priors.expression.style import (
    FuseNet,
    StyleNet,
    predict_style,
    reconstruction_loss,
    segments,
    train_style,
)
from methods.ua3dtalk.spans import Spans


def silent(*_args, **_values):
    pass


def test_published_sizes():
    net = StyleNet(PRESETS["paper"])
    assert net.rnn.input_size == 1280
    assert (net.rnn.hidden_size, net.rnn.num_layers, net.rnn.bidirectional) == (640, 2, True)
    widths = [(layer[0].in_features, layer[0].out_features) for layer in net.layers]
    assert widths == [(1280, 640), (640, 320), (320, 64)]
    assert all(layer[1].negative_slope == 0.2 and layer[2].p == 0.5 for layer in net.layers)
    with torch.inference_mode():
        assert net.eval()(torch.zeros(1, 2, 80, 16)).shape == (1, 2, 64)
    fuse = FuseNet()
    assert (fuse.first.in_features, fuse.first.out_features) == (128, 64)
    assert (fuse.second.in_features, fuse.second.out_features) == (64, 64)


def test_fuse_network_starts_as_a_sum():
    drawn = torch.randn(2, 50, 64, generator=torch.Generator().manual_seed(0))
    content, style = drawn.clamp(-3, 3)
    torch.testing.assert_close(
        FuseNet()(content, 0.3 * style), content + 0.3 * style, rtol=0, atol=1e-5
    )


def test_reconstruction_losses():
    a, b = torch.zeros(2, 64), torch.full((2, 64), 3.0)
    assert reconstruction_loss(a, b, "mse").tolist() == [9, 9]
    assert reconstruction_loss(a, b, "l1").tolist() == [3, 3]


@pytest.mark.parametrize("count", [3, 26, 130])
def test_prediction_of_any_length_is_local(count):
    torch.manual_seed(0)
    net = StyleNet(PriorConfig()).eval()
    chunks = torch.randn(count, 80, 16)
    style = predict_style(net, chunks, 25)
    assert style.shape == (count, 64)
    if count > 100:  # sound more than a stretch away changes nothing
        changed = chunks.clone()
        changed[:40] = 0
        after = predict_style(net, changed, 25)
        torch.testing.assert_close(after[80:], style[80:], rtol=0, atol=0)
        assert not torch.equal(after[:40], style[:40])


def test_training_segments_stay_inside_a_sequence():
    starts, last = segments(Spans([4, 10, 3]), 4)
    assert starts.tolist() == [0, 4, 5, 6, 7, 8, 9, 10, 14]
    assert last.tolist() == [3, *[13] * 7, 16]


def test_training_lowers_the_reconstruction_error_where_sound_tells():
    torch.manual_seed(0)
    config = PriorConfig.of({"style_steps": 150, "style_dropout": 0.1})
    level = torch.randn(200, 1)
    chunks = level[:, :, None].expand(-1, 80, 16).contiguous()
    target = torch.zeros(200, 64)
    target[:, :8] = level
    content = torch.zeros(200, 64)
    seen = torch.ones(200, dtype=torch.bool)
    style_net, fuse_net = train_style(chunks, content, target, seen, Spans([200]), config, silent)
    with torch.inference_mode():
        fused = fuse_net(content, predict_style(style_net, chunks, 25))
    correlation = np.corrcoef(fused[:, 0], target[:, 0])[0, 1]
    assert correlation > 0.8
