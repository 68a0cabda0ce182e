import pytest
import torch

from methods.ua3dtalk.priors.config import PRESETS, PriorConfig
from methods.ua3dtalk.priors.emotion.coattention import AlexNetFeatures, CoAttention
from methods.ua3dtalk.priors.emotion.waveform import ConvEncoder


class Steps(torch.nn.Module):
    """A waveform encoder of wav2vec 2.0's width without its cost."""

    width = 768

    def forward(self, wave: torch.Tensor) -> torch.Tensor:
        return wave[:, : 149 * 320 : 320, None].expand(-1, -1, self.width)


def test_published_sizes():
    config = PRESETS["paper"]
    net = CoAttention(config, Steps()).eval()
    assert net.spec_layer.in_features == 9216
    assert net.mfcc_layer.in_features == 153600
    assert (net.attention.in_features, net.attention.out_features) == (256, 149)
    assert net.wave_layer.in_features == 768
    assert net.head[1].in_features == 384
    with torch.inference_mode():
        assert net.alexnet(torch.zeros(1, 3, 256, 384)).shape == (1, 9216)
        output = net(torch.zeros(2, 300, 200), torch.zeros(2, 300, 40), torch.zeros(2, 48000))
    assert output.feature.shape == (2, 128)
    assert output.aligned.shape == (2, 64)
    assert output.logits.shape == (2, 8)


def test_alexnet_has_its_published_number_of_weights():
    net = AlexNetFeatures((64, 192, 384, 256, 256), (6, 6))
    assert sum(p.numel() for p in net.parameters()) == 2_469_696


def test_the_feature_is_the_weighted_sum_of_waveform_steps():
    torch.manual_seed(0)
    net = CoAttention(PriorConfig(), ConvEncoder(16)).eval()
    inputs = torch.randn(2, 300, 200), torch.randn(2, 300, 40), torch.randn(2, 48000)
    with torch.inference_mode():
        whole = net(*inputs)
        net.attention.weight.zero_()
        net.attention.bias.zero_()
        net.attention.bias[10] = 2.0
        step = net(*inputs)
        expected = torch.relu(net.wave_layer(2 * net.waveform(inputs[2])[:, 10]))
    torch.testing.assert_close(step.feature, expected)
    assert not torch.allclose(whole.feature, step.feature)


@pytest.mark.parametrize("index", range(3))
def test_every_input_matters_and_gets_gradients(index):
    torch.manual_seed(1)
    net = CoAttention(PriorConfig(), ConvEncoder(16)).eval()
    inputs = [torch.randn(2, 300, 200), torch.randn(2, 300, 40), torch.randn(2, 48000)]
    inputs[index].requires_grad_()
    net(*inputs).feature.square().sum().backward()
    assert float(inputs[index].grad.abs().max()) > 0
