"""FAN, the face alignment network (Bulat & Tzimiropoulos 2017), with four hourglasses.

Architecture and state-dict keys: 1adrianb/face-alignment 1.5.0, models/fan.py, whose weights
`2DFAN4-11f355bf06.pth.tar` are a plain state dict (the name's `.tar` is only a name). Releases
1.3 to 1.4.1 loaded the same layers as a TorchScript archive, `2DFAN4-cd938726ad.zip`.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from metrics.backbones.load import load_into, read_state

#: Landmarks, in iBUG order: one heatmap each.
POINTS = 68
#: Levels of an hourglass: 64 down to 4 pixels.
DEPTH = 4
#: Channels inside the hourglasses.
WIDTH = 256


def _conv3x3(i: int, o: int) -> nn.Conv2d:
    return nn.Conv2d(i, o, 3, padding=1, bias=False)


class ConvBlock(nn.Module):
    """Three convolutions after batch norm and ReLU, side by side in the output, plus the input."""

    def __init__(self, i: int, o: int) -> None:
        super().__init__()
        half, quarter = o // 2, o // 4
        self.bn1, self.conv1 = nn.BatchNorm2d(i), _conv3x3(i, half)
        self.bn2, self.conv2 = nn.BatchNorm2d(half), _conv3x3(half, quarter)
        self.bn3, self.conv3 = nn.BatchNorm2d(quarter), _conv3x3(quarter, quarter)
        self.downsample = None
        if i != o:
            self.downsample = nn.Sequential(
                nn.BatchNorm2d(i), nn.ReLU(), nn.Conv2d(i, o, 1, bias=False)
            )

    def forward(self, x: Tensor) -> Tensor:
        """[B,o,H,W] of [B,i,H,W]."""
        first = self.conv1(F.relu(self.bn1(x), inplace=True))
        second = self.conv2(F.relu(self.bn2(first), inplace=True))
        third = self.conv3(F.relu(self.bn3(second), inplace=True))
        rest = x if self.downsample is None else self.downsample(x)
        return torch.cat((first, second, third), 1).add_(rest)


class HourGlass(nn.Module):
    """Halves the image `DEPTH` times and adds every size to the one above it."""

    def __init__(self) -> None:
        super().__init__()
        for level in range(DEPTH, 0, -1):
            for branch in ("b1", "b2", "b3"):
                self.add_module(f"{branch}_{level}", ConvBlock(WIDTH, WIDTH))
        self.b2_plus_1 = ConvBlock(WIDTH, WIDTH)

    def forward(self, x: Tensor, level: int = DEPTH) -> Tensor:
        """[B,256,H,W] of the same shape; H and W are multiples of 16."""
        branch = self.get_submodule
        low = branch(f"b2_{level}")(F.avg_pool2d(x, 2))
        low = self(low, level - 1) if level > 1 else self.b2_plus_1(low)
        low = branch(f"b3_{level}")(low)
        return branch(f"b1_{level}")(x) + F.interpolate(low, scale_factor=2, mode="nearest")


class FAN(nn.Module):
    """Heatmaps of 68 landmarks in a face crop.

    Args:
        modules: hourglasses in a row; face-alignment's `LARGE` network, the only one with
            published weights, has four (23.8 M parameters).

    """

    def __init__(self, modules: int = 4) -> None:
        super().__init__()
        self.modules_in_a_row = modules
        self.conv1 = nn.Conv2d(3, 64, 7, 2, padding=3)
        self.bn1 = nn.BatchNorm2d(64)
        self.conv2 = ConvBlock(64, 128)
        self.conv3 = ConvBlock(128, 128)
        self.conv4 = ConvBlock(128, WIDTH)
        for k in range(modules):
            self.add_module(f"m{k}", HourGlass())
            self.add_module(f"top_m_{k}", ConvBlock(WIDTH, WIDTH))
            self.add_module(f"conv_last{k}", nn.Conv2d(WIDTH, WIDTH, 1))
            self.add_module(f"bn_end{k}", nn.BatchNorm2d(WIDTH))
            self.add_module(f"l{k}", nn.Conv2d(WIDTH, POINTS, 1))
            if k < modules - 1:
                self.add_module(f"bl{k}", nn.Conv2d(WIDTH, WIDTH, 1))
                self.add_module(f"al{k}", nn.Conv2d(POINTS, WIDTH, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Heatmaps of the last hourglass, the only ones that landmarks are read from.

        Args:
            x: RGB [B,3,256,256] in 0..1, neither centred nor scaled further.

        Returns:
            [B,68,64,64], unbounded.

        """
        part = self.get_submodule
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        x = self.conv4(self.conv3(F.avg_pool2d(self.conv2(x), 2)))
        for k in range(self.modules_in_a_row):
            y = part(f"conv_last{k}")(part(f"top_m_{k}")(part(f"m{k}")(x)))
            y = F.relu(part(f"bn_end{k}")(y), inplace=True)
            heatmaps = part(f"l{k}")(y)
            if k < self.modules_in_a_row - 1:
                x = x + part(f"bl{k}")(y) + part(f"al{k}")(heatmaps)
        return heatmaps


def load_fan(path: Path, device: str = "cpu") -> FAN:
    """The network with the weights of a file.

    Raises:
        BadInput: the file cannot be read or is of another network.

    """
    return load_into(FAN(), read_state(path), path, device)
