"""SyncNet (Chung & Zisserman 2016), with the keys of `syncnet_v2.model`.

Architecture and inputs: joonson/syncnet_python SyncNetModel.py.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from metrics.backbones.load import channels_last

Size3 = tuple[int, int, int]


def _conv3d(
    i: int, o: int, kernel: Size3, stride: Size3 = (1, 1, 1), pad: Size3 = (0, 0, 0)
) -> list[nn.Module]:
    return [nn.Conv3d(i, o, kernel, stride, pad), nn.BatchNorm3d(o), nn.ReLU()]


def _conv2d(i: int, o: int, kernel: tuple[int, int] = (3, 3), pad: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(i, o, kernel, padding=pad), nn.BatchNorm2d(o), nn.ReLU()]


def _head() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, SyncNet.width)
    )


class SyncNet(nn.Module):
    """Embeds five lip frames and 0.2 s of sound in one space of 1024 dimensions.

    Attributes:
        width: dimensions of an embedding.
        size: side of the square face crop in pixels.

    """

    width, size = 1024, 224

    def __init__(self) -> None:
        super().__init__()
        self.netcnnaud = nn.Sequential(
            *_conv2d(1, 64),
            nn.MaxPool2d((1, 1), (1, 1)),
            *_conv2d(64, 192),
            nn.MaxPool2d((3, 3), (1, 2)),
            *_conv2d(192, 384),
            *_conv2d(384, 256),
            *_conv2d(256, 256),
            nn.MaxPool2d((3, 3), (2, 2)),
            *_conv2d(256, 512, (5, 4), 0),
        )
        self.netfcaud = _head()
        self.netfclip = _head()
        across = (1, 3, 3), (1, 1, 1), (0, 1, 1)
        self.netcnnlip = nn.Sequential(
            *_conv3d(3, 96, (5, 7, 7), (1, 2, 2)),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_conv3d(96, 256, (1, 5, 5), (1, 2, 2), (0, 1, 1)),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
            *_conv3d(256, 256, *across),
            *_conv3d(256, 256, *across),
            *_conv3d(256, 256, *across),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_conv3d(256, 512, (1, 6, 6)),
        )

    def forward_lip(self, frames: Tensor) -> Tensor:
        """Lip embedding [B,1024] of frames [B,3,5,224,224], BGR 0..255, not centred."""
        return self.netfclip(self.netcnnlip(frames).flatten(1))

    def forward_aud(self, mfcc: Tensor) -> Tensor:
        """Sound embedding [B,1024] of MFCC [B,1,13,20], 100 columns a second."""
        return self.netfcaud(self.netcnnaud(mfcc).flatten(1))

    def folded(self) -> FoldedSyncNet:
        """The same function in fewer operations, for evaluation alone."""
        return FoldedSyncNet(self)


class FoldedSyncNet(nn.Module):
    """The same function as an evaluated `SyncNet`, faster: flat convolutions without batch norm.

    Only the first lip layer looks across frames, and at all five at once: it is a flat
    convolution of 15 channels, and what follows is flat already. Batch norm with fixed statistics
    is part of the layer before it. Equal to single precision's rounding (tests: 1e-5), in a
    quarter less time on a CPU. `net` is left as it is.
    """

    width, size = SyncNet.width, SyncNet.size

    def __init__(self, net: SyncNet) -> None:
        super().__init__()
        self.lip = channels_last(_folded(net.netcnnlip))
        self.lip_head = _folded(net.netfclip)
        self.aud = _folded(net.netcnnaud)
        self.aud_head = _folded(net.netfcaud)
        self.eval().requires_grad_(False)

    def forward_lip(self, frames: Tensor) -> Tensor:
        """Lip embedding [B,1024] of frames [B,3,5,224,224], BGR 0..255."""
        x = frames.flatten(1, 2).contiguous(memory_format=torch.channels_last)
        return self.lip_head(self.lip(x).flatten(1))

    def forward_aud(self, mfcc: Tensor) -> Tensor:
        """Sound embedding [B,1024] of MFCC [B,1,13,20], 100 columns a second."""
        return self.aud_head(self.aud(mfcc).flatten(1))


def _folded(layers: nn.Sequential) -> nn.Sequential:
    out: list[nn.Module] = []
    for layer in layers:
        if isinstance(layer, nn.Conv2d | nn.Conv3d):
            assert not isinstance(layer.padding, str)  # the layers above give numbers
            weight = layer.weight.flatten(1, 2) if layer.weight.ndim == 5 else layer.weight
            kernel, stride, padding = map(_flat, (weight.shape, layer.stride, layer.padding))
            out.append(nn.Conv2d(weight.shape[1], weight.shape[0], kernel, stride, padding))
            _set(out[-1], weight, layer.get_parameter("bias"))
        elif isinstance(layer, nn.Linear):
            out.append(nn.Linear(layer.in_features, layer.out_features))
            _set(out[-1], layer.weight, layer.bias)
        elif isinstance(layer, nn.MaxPool3d):
            sizes = layer.kernel_size, layer.stride, layer.padding
            kernel, stride, padding = map(_flat, sizes)
            out.append(nn.MaxPool2d(kernel, stride, padding))
        elif isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d):
            variance = layer.get_buffer("running_var").double()
            scale = layer.weight.double() / (variance + layer.eps).sqrt()
            shift = layer.bias.double() - layer.get_buffer("running_mean").double() * scale
            weight, bias = (out[-1].get_parameter(name).double() for name in ("weight", "bias"))
            _set(out[-1], weight * scale.view(-1, *[1] * (weight.ndim - 1)), bias * scale + shift)
        else:
            out.append(nn.ReLU(inplace=True) if isinstance(layer, nn.ReLU) else layer)
    return nn.Sequential(*out)


def _flat(size: int | tuple[int, ...]) -> tuple[int, int]:
    """Height and width of a size that may have more in front of them."""
    return (size, size) if isinstance(size, int) else (size[-2], size[-1])


def _set(layer: nn.Module, weight: Tensor, bias: Tensor) -> None:
    layer.get_parameter("weight").data = weight.detach().float().clone()
    layer.get_parameter("bias").data = bias.detach().float().clone()
