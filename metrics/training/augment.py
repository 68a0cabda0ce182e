"""What a method may do to a face: blur, noise, other light, a slightly other place."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def uniform(low: float, high: float, shape: tuple[int, ...], rng: torch.Generator) -> Tensor:
    """Uniform random numbers."""
    return torch.rand(shape, generator=rng) * (high - low) + low


def blur(x: Tensor, sigma: float) -> Tensor:
    """Gaussian blur of x [B,C,H,W]; sigma in pixels."""
    if sigma < 0.05:
        return x
    reach = max(int(3 * sigma + 0.5), 1)
    kernel = torch.exp(-((torch.arange(-reach, reach + 1) / sigma) ** 2) / 2)
    kernel = (kernel / kernel.sum()).to(x)
    channels = x.shape[1]
    row = kernel.view(1, 1, 1, -1).expand(channels, 1, 1, -1)
    x = F.conv2d(F.pad(x, (reach, reach, 0, 0), mode="replicate"), row, groups=channels)
    column = row.transpose(2, 3)
    return F.conv2d(F.pad(x, (0, 0, reach, reach), mode="replicate"), column, groups=channels)


def degrade(x: Tensor, rng: torch.Generator) -> Tensor:
    """Change light and colour, soften some, add noise to some; x [B,C,H,W] in [0,1].

    C is a multiple of 3: pictures of one sample that follow each other change alike.
    """
    b, c = x.shape[:2]
    gain = uniform(0.75, 1.25, (b, 1, 1, 1), rng)
    colour = uniform(0.9, 1.1, (b, 3, 1, 1), rng).repeat(1, c // 3, 1, 1)
    lift = uniform(-0.1, 0.1, (b, 1, 1, 1), rng)
    x = (x - 0.5) * gain * colour + 0.5 + lift
    part = b // 3
    if part:
        soft = blur(x[:part], float(uniform(0.4, 1.6, (), rng)))
        noise = torch.randn(x[part : 2 * part].shape, generator=rng)
        noisy = x[part : 2 * part] + noise * uniform(0.0, 0.06, (part, 1, 1, 1), rng)
        x = torch.cat([soft, noisy, x[2 * part :]])
    return x.clamp(0, 1)


def move(x: Tensor, points: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """Rotate, scale and shift pictures together with their points.

    Args:
        x: [B,3,S,S] in [0,1].
        points: [B,P,2] in pixels, centres at +0.5.
        rng: where the randomness comes from.

    Returns:
        Moved pictures and points; outside the picture its edge is repeated.

    """
    b, size = len(x), x.shape[-1]
    angle = uniform(-12, 12, (b,), rng) * math.pi / 180
    scale = uniform(0.85, 1.2, (b,), rng)
    shift = uniform(-0.16, 0.16, (b, 2), rng)
    cos, sin = angle.cos() * scale, angle.sin() * scale
    linear = torch.stack([torch.stack([cos, -sin], -1), torch.stack([sin, cos], -1)], 1)
    moved = (points / size * 2 - 1) @ linear.transpose(1, 2) + shift[:, None]
    back = torch.linalg.inv(linear)
    theta = torch.cat([back, -back @ shift[..., None]], 2)
    grid = F.affine_grid(theta, list(x.shape), align_corners=False)
    picture = F.grid_sample(x, grid, padding_mode="border", align_corners=False)
    return picture, (moved + 1) / 2 * size
