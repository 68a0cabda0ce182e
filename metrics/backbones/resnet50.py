"""Deep3DFaceRecon's network: ResNet-50 and seven linear heads, 257 coefficients of a face.

Reference: sicxu/Deep3DFaceRecon_pytorch models/networks.py (`ReconNetWrapper`). State-dict keys
are those of `net_recon` in epoch_20.pth.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from metrics.backbones.load import channels_last, load_into, read_state

#: Coefficients by head, in the order of the output: identity, expression, texture (BFM 2009),
#: rotation angles, spherical-harmonic light, translation in the image, and depth.
HEADS = {"id": 80, "exp": 64, "tex": 80, "angle": 3, "gamma": 27, "xy": 2, "z": 1}
WIDTH = 2048


def part(name: str) -> slice:
    """Where a head's coefficients stand among the 257."""
    names = list(HEADS)
    start = sum(HEADS[n] for n in names[: names.index(name)])
    return slice(start, start + HEADS[name])


class Bottleneck(nn.Module):
    """1x1, 3x3 (with the stride, "v1.5"), 1x1, beside a shortcut."""

    def __init__(self, inside: int, width: int, stride: int) -> None:
        super().__init__()
        out = 4 * width
        self.conv1 = nn.Conv2d(inside, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.downsample = None
        if stride != 1 or inside != out:
            self.downsample = nn.Sequential(
                nn.Conv2d(inside, out, 1, stride, bias=False), nn.BatchNorm2d(out)
            )

    def forward(self, x: Tensor) -> Tensor:
        """[B,4*width,h,w] of x [B,inside,H,W]."""
        shortcut = x if self.downsample is None else self.downsample(x)
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)))
        return F.relu(self.bn3(self.conv3(x)) + shortcut)


class ResNet50(nn.Module):
    """ResNet-50 up to its mean over places, with torchvision's keys and no classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        inside = 64
        for k, depth in enumerate((3, 4, 6, 3)):
            width, blocks = 64 << k, []
            for i in range(depth):
                blocks.append(Bottleneck(inside, width, 2 if k and not i else 1))
                inside = 4 * width
            self.add_module(f"layer{k + 1}", nn.Sequential(*blocks))

    def forward(self, x: Tensor) -> Tensor:
        """[B,2048,1,1] of x [B,3,H,W]."""
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        for k in range(4):
            x = self.get_submodule(f"layer{k + 1}")(x)
        return x.mean((2, 3), keepdim=True)


class ReconNet(nn.Module):
    """An image of an aligned face to its coefficients in Deng et al.'s face model."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = ResNet50()
        self.final_layers = nn.ModuleList(nn.Conv2d(WIDTH, n, 1) for n in HEADS.values())

    def forward(self, x: Tensor) -> Tensor:
        """Coefficients [B,257] of x [B,3,224,224], RGB in [0,1], no mean or scale taken off."""
        x = self.backbone(x)
        return torch.cat([layer(x) for layer in self.final_layers], 1).flatten(1)


def open_recon(path: Path, device: str = "cpu") -> ReconNet:
    """The network of epoch_20.pth, or of a plain state dict.

    Raises:
        BadInput: the file is neither.

    """
    state = read_state(path, entry="net_recon")
    return channels_last(load_into(ReconNet(), state, path, device))
