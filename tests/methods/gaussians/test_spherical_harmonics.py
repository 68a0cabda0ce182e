"""The basis against gsplat's and against its definition: orthonormal over the sphere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from methods.gaussians.spherical_harmonics import bases, evaluate, rgb_to_sh, sh_to_rgb

GOLDEN = np.load(Path(__file__).parent / "golden" / "tiles.npz")


def test_equal_to_gsplats():
    got = bases(3, torch.from_numpy(GOLDEN["directions"]))
    np.testing.assert_allclose(got.numpy(), GOLDEN["bases"], atol=1e-12)


def test_orthonormal():
    """Exact quadrature for degree 6: Gauss-Legendre in z, equal steps around."""
    z, weight = np.polynomial.legendre.leggauss(8)
    angle = np.arange(16) * 2 * np.pi / 16
    zz, aa = np.meshgrid(z, angle, indexing="ij")
    ring = np.sqrt(1 - zz**2)
    points = np.stack([ring * np.cos(aa), ring * np.sin(aa), zz], -1).reshape(-1, 3)
    values = bases(3, torch.from_numpy(points)).numpy()
    gram = (values * np.repeat(weight, 16)[:, None] * 2 * np.pi / 16).T @ values
    np.testing.assert_allclose(gram, np.eye(16), atol=1e-12)


def test_lower_degrees_are_prefixes_and_directions_any_length():
    directions = torch.from_numpy(GOLDEN["directions"])
    for degree in range(4):
        part = bases(degree, directions)
        assert torch.equal(part, bases(3, directions)[:, : (degree + 1) ** 2])
    coefficients = torch.randn(50, 16, 3, dtype=torch.float64)
    torch.testing.assert_close(
        evaluate(2, 5 * directions, coefficients), evaluate(2, directions, coefficients)
    )


def test_colors_round_trip():
    rgb = torch.rand(10, 3)
    torch.testing.assert_close(sh_to_rgb(rgb_to_sh(rgb)), rgb)
