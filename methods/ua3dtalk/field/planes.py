"""Tri-plane encoder: three feature planes per scale, multiplied (K-Planes, arXiv 2301.10241)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.ua3dtalk.field.native import NativePlanes, planes_usable

#: Range of a plane's first values, and what the product of three is on average.
FIRST = (0.1, 0.5)
FIRST_FEATURE = (sum(FIRST) / 2) ** 3
PLANE_AXES = ((0, 1), (0, 2), (1, 2))
"""Axes of the planes XY, XZ, YZ: the first runs along a plane's columns, the second its rows."""


class TriPlanes(nn.Module):
    """Dense planes XY, XZ and YZ at several scales over the cube [-bound, bound]^3.

    The grids are [3, R, R, C], channels last: a bilinear sample then reads whole texels.

    Args:
        base_resolution: side of the coarsest plane.
        multipliers: one scale each, side R = `base_resolution * multiplier`.
        features: channels C of every plane.
        bound: half side of the cube; points outside take the border's value.

    """

    def __init__(
        self, base_resolution: int, multipliers: Sequence[int], features: int, bound: float
    ) -> None:
        super().__init__()
        self.bound = bound
        sides = [base_resolution * multiplier for multiplier in multipliers]
        self.grids = nn.ParameterList(
            nn.Parameter(torch.empty(3, side, side, features).uniform_(*FIRST)) for side in sides
        )

    def forward(self, means: Tensor) -> Tensor:
        """Encode positions.

        Args:
            means: [N, 3] in scene units.

        Returns:
            [scales * C, N]: per scale the product over the three planes.

        """
        if planes_usable(means, list(self.grids)):
            return NativePlanes.apply(self.bound, means, *self.grids)
        return sample_planes(self.bound, means, *self.grids)


def sample_planes(bound: float, means: Tensor, *grids: Tensor) -> Tensor:
    """Sample by torch's grid_sample: any device, and the oracle of the native kernel."""
    points = means / bound
    pairs = torch.stack([points[:, axes] for axes in PLANE_AXES])[:, :, None]  # [3, N, 1, 2]
    products = []
    for grid in grids:
        sampled = F.grid_sample(
            grid.permute(0, 3, 1, 2),
            pairs,
            mode="bilinear",
            padding_mode="border",
            align_corners=True,
        )
        xy, xz, yz = sampled[..., 0]
        products.append(xy * xz * yz)
    return torch.cat(products)
