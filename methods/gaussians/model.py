"""The parameters of a cloud of Gaussians."""

from __future__ import annotations

import torch
from scipy.spatial import cKDTree
from torch import Tensor, nn

from harness.contracts.errors import BadInput
from methods.gaussians.spherical_harmonics import rgb_to_sh


class Gaussians(nn.Module):
    """N Gaussians as they are optimized; the methods give them as they are rendered.

    Args:
        means: [N, 3], world.
        scales: [N, 3], raw: standard deviation = softplus(scales).
        quats: [N, 4], wxyz, any length but 0.
        opacities: [N], logits.
        sh0: [N, 1, 3], coefficient of degree 0.
        shN: [N, K, 3], the others; K is 0, 3, 8 or 15.

    """

    means: Tensor
    scales: Tensor
    quats: Tensor
    opacities: Tensor
    sh0: Tensor
    shN: Tensor

    def __init__(
        self,
        means: Tensor,
        scales: Tensor,
        quats: Tensor,
        opacities: Tensor,
        sh0: Tensor,
        shN: Tensor,
    ) -> None:
        super().__init__()
        n = len(means)
        shapes = {
            "means": (means, (n, 3)),
            "scales": (scales, (n, 3)),
            "quats": (quats, (n, 4)),
            "opacities": (opacities, (n,)),
            "sh0": (sh0, (n, 1, 3)),
            "shN": (shN, (n, shN.shape[1] if shN.dim() > 1 else -1, 3)),
        }
        for name, (value, shape) in shapes.items():
            if tuple(value.shape) != shape:
                raise BadInput(name, f"shape {tuple(value.shape)}", f"Give {shape}.")
            setattr(self, name, nn.Parameter(value.detach().clone()))
        if shN.shape[1] not in (0, 3, 8, 15):
            raise BadInput("shN", f"{shN.shape[1]} coefficients", "Give 0, 3, 8 or 15.")

    @classmethod
    def from_points(
        cls, points: Tensor, colors: Tensor, *, sh_degree: int = 0, opacity: float = 0.1
    ) -> Gaussians:
        """Start from points [N, 3] and colours [N, 3] in [0, 1].

        Each Gaussian is round, as wide as the mean distance to its three nearest neighbours
        (3DGS, section 5.1).
        """
        n = len(points)
        return cls(
            means=points,
            scales=raw_scales(_neighbour_distance(points))[:, None].repeat(1, 3),
            quats=points.new_tensor([1.0, 0.0, 0.0, 0.0]).repeat(n, 1),
            opacities=torch.logit(points.new_full((n,), opacity)),
            sh0=rgb_to_sh(colors)[:, None],
            shN=points.new_zeros(n, (sh_degree + 1) ** 2 - 1, 3),
        )

    def __len__(self) -> int:
        return len(self.means)

    def standard_deviations(self) -> Tensor:
        """Activated scales, [N, 3], > 0."""
        return nn.functional.softplus(self.scales)

    def alphas(self) -> Tensor:
        """Activated opacities, [N], 0 to 1."""
        return torch.sigmoid(self.opacities)

    def coefficients(self) -> Tensor:
        """All spherical-harmonic coefficients, [N, K + 1, 3]."""
        return torch.cat([self.sh0, self.shN], 1)


def raw_scales(deviations: Tensor) -> Tensor:
    """Scales of which `deviations` are the softplus."""
    # log(exp(y) - 1), written so that it neither overflows nor cancels.
    return deviations + torch.log(-torch.expm1(-deviations))


def _neighbour_distance(points: Tensor) -> Tensor:
    neighbours = min(4, len(points))
    if neighbours < 2:
        return torch.full_like(points[:, 0], 1e-2)
    cloud = points.detach().cpu().double().numpy()
    distances = cKDTree(cloud).query(cloud, k=neighbours)[0][:, 1:]
    # Coinciding points would otherwise start as Gaussians of no size.
    return torch.as_tensor(distances.mean(1)).to(points).clamp_min(1e-7)
