"""The parameters of a cloud of Gaussians."""

from __future__ import annotations

from collections.abc import Callable

import torch
from scipy.spatial import cKDTree
from torch import Tensor, nn

from harness.contracts.errors import BadInput, UnknownName
from methods.gaussians.spherical_harmonics import rgb_to_sh

#: Raw parameter to standard deviation, and back.
SCALE_ACTIVATIONS: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "exp": (torch.exp, torch.log),
    # log(exp(y) - 1), written so that it neither overflows nor cancels.
    "softplus": (nn.functional.softplus, lambda y: y + torch.log(-torch.expm1(-y))),
}


class Gaussians(nn.Module):
    """N Gaussians as they are optimized; the methods give them as they are rendered.

    Args:
        means: [N, 3], world.
        scales: [N, 3], raw: standard deviation = activation(scales).
        quats: [N, 4], wxyz, any length but 0.
        opacities: [N], logits.
        sh0: [N, 1, 3], coefficient of degree 0.
        shN: [N, K, 3], the others; K is 0, 3, 8 or 15.
        scale_activation: `exp` (3DGS) or `softplus`.

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
        scale_activation: str = "exp",
    ) -> None:
        super().__init__()
        if scale_activation not in SCALE_ACTIVATIONS:
            raise UnknownName("scale activation", scale_activation, SCALE_ACTIVATIONS)
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
        self.scale_activation = scale_activation

    @classmethod
    def from_points(
        cls,
        points: Tensor,
        colors: Tensor | None = None,
        *,
        sh_degree: int = 0,
        opacity: float = 0.1,
        scale_activation: str = "exp",
    ) -> Gaussians:
        """Start from points [N, 3] and colours [N, 3] in [0, 1] (grey when None).

        Each Gaussian is round, as wide as the mean distance to its three nearest neighbours
        (3DGS, section 5.1).
        """
        n = len(points)
        spread = _neighbour_distance(points)
        raw = SCALE_ACTIVATIONS[scale_activation][1](spread)
        colors = torch.full_like(points, 0.5) if colors is None else colors
        return cls(
            means=points,
            scales=raw[:, None].repeat(1, 3),
            quats=points.new_tensor([1.0, 0.0, 0.0, 0.0]).repeat(n, 1),
            opacities=torch.logit(points.new_full((n,), opacity)),
            sh0=rgb_to_sh(colors)[:, None],
            shN=points.new_zeros(n, (sh_degree + 1) ** 2 - 1, 3),
            scale_activation=scale_activation,
        )

    def __len__(self) -> int:
        return len(self.means)

    @property
    def sh_degree(self) -> int:
        """Highest degree that the coefficients hold."""
        return round((1 + self.shN.shape[1]) ** 0.5) - 1

    def standard_deviations(self) -> Tensor:
        """Activated scales, [N, 3], > 0."""
        return SCALE_ACTIVATIONS[self.scale_activation][0](self.scales)

    def raw_scales(self, deviations: Tensor) -> Tensor:
        """Invert `standard_deviations`."""
        return SCALE_ACTIVATIONS[self.scale_activation][1](deviations)

    def alphas(self) -> Tensor:
        """Activated opacities, [N], 0 to 1."""
        return torch.sigmoid(self.opacities)

    def coefficients(self) -> Tensor:
        """All spherical-harmonic coefficients, [N, K + 1, 3]."""
        return torch.cat([self.sh0, self.shN], 1)


def _neighbour_distance(points: Tensor) -> Tensor:
    neighbours = min(4, len(points))
    if neighbours < 2:
        return torch.full_like(points[:, 0], 1e-2)
    cloud = points.detach().cpu().double().numpy()
    distances = cKDTree(cloud).query(cloud, k=neighbours)[0][:, 1:]
    # Coinciding points would otherwise start as Gaussians of no size.
    return torch.as_tensor(distances.mean(1)).to(points).clamp_min(1e-7)
