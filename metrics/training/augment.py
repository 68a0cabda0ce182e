"""What a method may do to a face: blur, noise, other light, a slightly other place."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

#: Landmark that takes each one's place in a mirror (iBUG order).
MIRROR = (
    *range(16, -1, -1),
    *range(26, 16, -1),
    *range(27, 31),
    *range(35, 30, -1),
    *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),
    *range(54, 47, -1),
    *range(59, 54, -1),
    *range(64, 59, -1),
    *range(67, 64, -1),
)


def mirror(x: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
    """Images [B,C,S,S] and their 68 landmarks [B,68,2] as a mirror shows them."""
    turned = points[:, list(MIRROR)] * points.new_tensor([-1.0, 1.0])
    return x.flip(3), turned + points.new_tensor([x.shape[-1], 0.0])


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

    C is a multiple of 3: images of one sample that follow each other change alike.
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


def move(
    x: Tensor,
    points: Tensor,
    rng: torch.Generator,
    box: tuple[Tensor, Tensor] | None = None,
    shift: float = 0.16,
) -> tuple[Tensor, Tensor]:
    """Rotate, scale and shift images together with their points.

    Args:
        x: [B,C,S,S].
        points: [B,P,2] in pixels, centres at +0.5.
        rng: where the randomness comes from.
        box: centre [B,2] and half side [B] of the square that fills the result before it is
            moved; the whole image without it.
        shift: largest shift, in half sides.

    Returns:
        Moved images and points; outside the image its edge is repeated.

    """
    b, size = len(x), x.shape[-1]
    whole = torch.full((b, 2), size / 2), torch.full((b,), size / 2)
    centre, half = box or whole
    angle = uniform(-12, 12, (b,), rng) * math.pi / 180
    scale = uniform(0.85, 1.2, (b,), rng)
    offset = uniform(-shift, shift, (b, 2), rng)
    cos, sin = angle.cos() * scale, angle.sin() * scale
    linear = torch.stack([torch.stack([cos, -sin], -1), torch.stack([sin, cos], -1)], 1)
    relative = (points - centre[:, None]) / half[:, None, None]
    moved = relative @ linear.transpose(1, 2) + offset[:, None]
    # A place of the result, back in the image's own -1..1.
    zoom = (half * 2 / size)[:, None, None]
    back = torch.linalg.inv(linear) * zoom
    start = (centre / size * 2 - 1)[..., None] - back @ offset[..., None]
    grid = F.affine_grid(torch.cat([back, start], 2), list(x.shape), align_corners=False)
    image = F.grid_sample(x, grid, padding_mode="border", align_corners=False)
    return image, (moved + 1) / 2 * size
