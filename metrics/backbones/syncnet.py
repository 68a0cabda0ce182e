"""SyncNet (Chung & Zisserman 2016), with the keys of `syncnet_v2.model`.

Architecture and inputs: joonson/syncnet_python SyncNetModel.py.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def _conv3d(i: int, o: int, kernel: tuple, stride: tuple = (1, 1, 1), pad: tuple = (0, 0, 0)):
    return [nn.Conv3d(i, o, kernel, stride, pad), nn.BatchNorm3d(o), nn.ReLU()]


def _conv2d(i: int, o: int, kernel: tuple = (3, 3), pad: int = 1):
    return [nn.Conv2d(i, o, kernel, padding=pad), nn.BatchNorm2d(o), nn.ReLU()]


def _head() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, SyncNet.width)
    )


class SyncNet(nn.Module):
    """Embeds five lip frames and 0.2 s of sound in one space of 1024 dimensions.

    Attributes:
        size: side of the square face crop in pixels.
        frame_range: frames are BGR in 0..255, neither scaled nor centred.

    """

    width, size, frame_range = 1024, 224, "bgr255"

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
        """Lip embedding [B,1024] of frames [B,3,5,224,224], BGR 0..255."""
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
    quarter less time on a CPU.

    Args:
        net: the network to fold; left as it is.

    """

    width, size, frame_range = SyncNet.width, SyncNet.size, SyncNet.frame_range

    def __init__(self, net: SyncNet) -> None:
        super().__init__()
        self.lip = _folded(net.netcnnlip).to(memory_format=torch.channels_last)
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
            weight = layer.weight.flatten(1, 2) if layer.weight.ndim == 5 else layer.weight
            flat = nn.Conv2d(
                weight.shape[1], weight.shape[0], weight.shape[2:], layer.stride[-2:],
                layer.padding[-2:],
            )  # fmt: skip
            _set(flat, weight, layer.bias)
        elif isinstance(layer, nn.Linear):
            flat = nn.Linear(layer.in_features, layer.out_features)
            _set(flat, layer.weight, layer.bias)
        elif isinstance(layer, nn.MaxPool3d):
            flat = nn.MaxPool2d(*(_flat(v) for v in (layer.kernel_size, layer.stride,
                                                     layer.padding)))  # fmt: skip
        elif isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d):
            scale = layer.weight.double() / (layer.running_var.double() + layer.eps).sqrt()
            before = out[-1]
            weight = before.weight.double() * scale.view(-1, *[1] * (before.weight.ndim - 1))
            shift = layer.bias.double() - layer.running_mean.double() * scale
            _set(before, weight, before.bias.double() * scale + shift)
            continue
        elif isinstance(layer, nn.ReLU):
            flat = nn.ReLU(inplace=True)
        else:
            flat = layer
        out.append(flat)
    return nn.Sequential(*out)


def _flat(size: int | tuple[int, ...]) -> int | tuple[int, ...]:
    return size if isinstance(size, int) else size[-2:]


def _set(layer: nn.Module, weight: Tensor, bias: Tensor) -> None:
    layer.weight.data = weight.detach().float().clone()
    layer.bias.data = bias.detach().float().clone()
