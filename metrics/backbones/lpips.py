"""LPIPS over any trunk (Zhang et al. 2018; richzhang/PerceptualSimilarity lpips/lpips.py, v0.1)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from metrics.backbones.trunks import Trunk

SHIFT = (-0.030, -0.088, -0.188)
SCALE = (0.458, 0.448, 0.450)
EPS = 1e-10


class PerceptualDistance(nn.Module):
    """Perceptual distance: unit-normalised features, squared difference, weighted channels.

    Heads have the reference's keys, `lin{k}.model.1.weight` [1,C,1,1], non-negative.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, trunk: Trunk) -> None:
        super().__init__()
        self.trunk = trunk
        self.heads = nn.ParameterDict(
            {
                f"lin{k}": nn.Parameter(torch.full((1, c, 1, 1), 1.0 / c))
                for k, c in enumerate(trunk.channels)
            }
        )
        self.register_buffer("shift", torch.tensor(SHIFT)[None, :, None, None], persistent=False)
        self.register_buffer("scale", torch.tensor(SCALE)[None, :, None, None], persistent=False)

    def features(self, x: Tensor) -> list[Tensor]:
        """Unit-length features of x [B,3,H,W] in [-1,1] at every tap."""
        taps = self.trunk((x - self.shift) / self.scale)
        return [f / (torch.linalg.vector_norm(f, dim=1, keepdim=True) + EPS) for f in taps]

    def layers(self, x: Tensor, y: Tensor) -> list[Tensor]:
        """Weighted squared differences [B,h,w] at every tap, of x and y [B,3,H,W] in [-1,1]."""
        pairs = zip(self.features(x), self.features(y), strict=True)
        return [((a - b).square() * self.heads[f"lin{k}"]).sum(1) for k, (a, b) in enumerate(pairs)]

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Distance [B] of x and y, [B,3,H,W] RGB in [-1,1]."""
        return total(self.layers(x, y))


def total(layers: list[Tensor]) -> Tensor:
    """Distance [B]: the sum over taps of the mean over places of [B,h,w]."""
    return torch.stack([layer.mean((1, 2)) for layer in layers]).sum(0)


def spatial(layers: list[Tensor], height: int, width: int) -> Tensor:
    """The map [B,H,W] of the reference's `spatial=True`: taps brought to the frame's size, summed.

    Bilinear, corners not aligned. Its mean over the frame equals the distance only where every
    tap's size divides the frame's.
    """
    size = (height, width)
    first, *others = (interpolate(layer[:, None], size, mode="bilinear") for layer in layers)
    return sum(others, first)[:, 0]
