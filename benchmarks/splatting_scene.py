"""A head-like cloud of Gaussians for timings: shell, interior, neck, torso, strands of hair."""

from __future__ import annotations

import math

import torch
from torch import Tensor

#: Share of the Gaussians, half-axes (m), centre (m; y points down) and thickness of each part.
PARTS = (
    (0.62, (0.085, 0.115, 0.100), (0.0, -0.02, 0.0), 0.012),  # head
    (0.06, (0.055, 0.070, 0.060), (0.0, 0.00, -0.02), 0.10),  # interior
    (0.08, (0.052, 0.060, 0.052), (0.0, 0.12, 0.01), 0.02),  # neck
    (0.24, (0.210, 0.085, 0.090), (0.0, 0.215, 0.03), 0.012),  # torso
)
SURFACE = 0.395  # m^2, of all parts together


def head_scene(count: int, seed: int = 0) -> list[Tensor]:
    """Means, quats, scales, opacities and colours of `count` Gaussians, float32."""
    g = torch.Generator().manual_seed(seed)
    sizes = [int(share * count) for share, *_ in PARTS[:-1]]
    sizes.append(count - sum(sizes))
    means, normals = [], []
    for size, (_, axes, centre, thickness) in zip(sizes, PARTS, strict=True):
        unit = torch.nn.functional.normalize(torch.randn(size, 3, generator=g), dim=-1)
        shell = 1 + thickness * torch.randn(size, 1, generator=g)
        means.append(unit * torch.tensor(axes) * shell + torch.tensor(centre))
        normals.append(torch.nn.functional.normalize(unit / torch.tensor(axes), dim=-1))
    means, normals = torch.cat(means), torch.cat(normals)

    base = 0.55 * math.sqrt(SURFACE / count)
    base = base * torch.exp(0.45 * torch.randn(count, 1, generator=g))
    flat = 0.25 * torch.exp(0.3 * torch.randn(count, 1, generator=g))
    wide = torch.exp(0.35 * torch.randn(count, 2, generator=g))
    scales = base * torch.cat([wide, flat], -1)
    hair = (torch.arange(count) < sizes[0]) & ((means[:, 1] < -0.06) | (means[:, 2] > 0.03))
    scales[hair] *= torch.tensor([2.5, 0.6, 1.0])

    # The rotation that takes z to the normal, any length: the renderer must normalise.
    quats = torch.stack(
        [1 + normals[:, 2], -normals[:, 1], normals[:, 0], torch.zeros(count)], -1
    ) * (0.5 + torch.rand(count, 1, generator=g))
    solid = torch.rand(count, generator=g) < 0.6
    noise = torch.randn(count, generator=g)
    opacities = torch.sigmoid(torch.where(solid, 2.5 + 1.2 * noise, -1.0 + 1.5 * noise))
    waves = torch.tensor([[31.0, 17.0, 5.0], [7.0, 29.0, 13.0], [3.0, 11.0, 37.0]])
    colors = 0.5 + 0.35 * torch.sin(means @ waves + torch.tensor([0.0, 1.0, 2.0]))
    colors = (colors + 0.08 * torch.randn(count, 3, generator=g)).clamp(0, 1)
    shuffle = torch.randperm(count, generator=g)
    return [t[shuffle].contiguous() for t in (means, quats, scales, opacities, colors)]


def camera(size: int, yaw: float = 0.0, count: int = 1) -> tuple[Tensor, Tensor]:
    """Views [count, 4, 4] from a metre away, 0.15 rad apart, and intrinsics [count, 3, 3]."""
    focal = 2.35 * size
    K = torch.tensor([[focal, 0, size / 2], [0, focal, size / 2], [0, 0, 1.0]])
    views = []
    for i in range(count):
        angle = yaw + 0.15 * i
        view = torch.eye(4)
        view[0, 0] = view[2, 2] = math.cos(angle)
        view[0, 2], view[2, 0] = math.sin(angle), -math.sin(angle)
        view[1, 3], view[2, 3] = -0.03, 1.0
        views.append(view)
    return torch.stack(views), K.repeat(count, 1, 1)
