"""Tri-plane encoder: three feature planes per scale, multiplied (K-Planes, arXiv 2301.10241)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PLANE_AXES = ((0, 1), (0, 2), (1, 2))
"""Axes of the planes XY, XZ, YZ: the first runs along a plane's columns, the second its rows."""


class TriPlanes(nn.Module):
    """Dense planes XY, XZ and YZ at several scales over the cube [-bound, bound]^3.

    Args:
        base_resolution: side of the coarsest plane.
        multipliers: one scale each, side `base_resolution * multiplier`.
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
            nn.Parameter(torch.empty(3, features, side, side).uniform_(0.1, 0.5)) for side in sides
        )

    def forward(self, means: Tensor) -> list[Tensor]:
        """Encode positions.

        Args:
            means: [N, 3] in scene units.

        Returns:
            One [C, N] per scale: the product over the three planes.

        """
        points = means / self.bound
        pairs = torch.stack([points[:, axes] for axes in PLANE_AXES])  # [3, N, 2]
        return [self._sample(grid, pairs) for grid in self.grids]

    @staticmethod
    def _sample(grid: Tensor, pairs: Tensor) -> Tensor:
        sampled = F.grid_sample(
            grid, pairs[:, :, None], mode="bilinear", padding_mode="border", align_corners=True
        )[..., 0]
        return sampled[0] * sampled[1] * sampled[2]
