"""Real spherical harmonics of degree 0 to 3 with plain torch, in gsplat's order and sign.

Source: P.-P. Sloan, "Efficient Spherical Harmonic Evaluation", JCGT 2013; the order and the
signs of 3DGS and of gsplat 1.5.3 (`_eval_sh_bases_fast`).
"""

from __future__ import annotations

import torch
from torch import Tensor

#: The constant basis function, 1 / (2 sqrt(pi)).
SH_C0 = 0.28209479177387814


def bases(degree: int, directions: Tensor) -> Tensor:
    """Evaluate the bases.

    Args:
        degree: 0 to 3.
        directions: [..., 3], of length 1.

    Returns:
        [..., (degree + 1)^2].

    """
    x, y, z = directions.unbind(-1)
    out = [torch.full_like(x, SH_C0)]
    if degree >= 1:
        c = 0.4886025119029199
        out += [-c * y, c * z, -c * x]
    if degree >= 2:
        c, d = 1.0925484305920792, 0.5462742152960396
        out += [
            c * x * y,
            -c * y * z,
            0.31539156525252005 * (3.0 * z * z - 1.0),
            -c * x * z,
            d * (x * x - y * y),
        ]
    if degree >= 3:
        a, b, c = 0.5900435899266435, 2.890611442640554, 0.4570457994644658
        out += [
            -a * y * (3.0 * x * x - y * y),
            b * x * y * z,
            -c * y * (5.0 * z * z - 1.0),
            0.3731763325901154 * z * (5.0 * z * z - 3.0),
            -c * x * (5.0 * z * z - 1.0),
            0.5 * b * z * (x * x - y * y),
            -a * x * (x * x - 3.0 * y * y),
        ]
    return torch.stack(out, -1)


def evaluate(degree: int, directions: Tensor, coefficients: Tensor) -> Tensor:
    """Sum coefficients over the bases.

    Args:
        degree: 0 to 3.
        directions: [..., 3], of any length but 0.
        coefficients: [..., K, 3] with K >= (degree + 1)^2; the rest is ignored.

    Returns:
        [..., 3]; the colour of 3DGS is this plus 0.5, not below 0.

    """
    unit = torch.nn.functional.normalize(directions, dim=-1)
    used = coefficients[..., : (degree + 1) ** 2, :]
    return (bases(degree, unit)[..., None] * used).sum(-2)


def rgb_to_sh(rgb: Tensor) -> Tensor:
    """Coefficient of degree 0 that shows a colour in [0, 1]."""
    return (rgb - 0.5) / SH_C0


def sh_to_rgb(sh0: Tensor) -> Tensor:
    """Colour of a coefficient of degree 0."""
    return sh0 * SH_C0 + 0.5
