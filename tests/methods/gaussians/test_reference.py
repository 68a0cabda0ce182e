"""The torch reference against finite differences and against a pixel-by-pixel renderer."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from methods.gaussians.rasterize import rasterize

NAMES = ("means", "quats", "scales", "opacities", "colors")

pytestmark = pytest.mark.filterwarnings("error")


def smooth_scene(make_scene, **options):
    """Few Gaussians blurred so widely that no threshold is crossed in a 12 x 10 image."""
    scene = make_scene(7, 12, 10, cameras=2, seed=3, size=0.05, **options).to(torch.float64)
    scene["opacities"] = 0.3 + 0.4 * scene["opacities"]
    scene["Ks"][:, 0, 0] = scene["Ks"][:, 1, 1] = 60.0
    return scene


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"rasterize_mode": "antialiased"},
        {"render_mode": "RGB+ED"},
        {"render_mode": "D"},
        {"sh": 2},
        {"sh": 3},
    ],
    ids=str,
)
def test_gradcheck(make_scene, options):
    call = dict(options)
    scene = smooth_scene(make_scene, sh=call.pop("sh", None))
    if "sh_degree" in scene:
        # Coefficients are many; three Gaussians in one camera exercise the same formulas.
        scene.update({k: scene[k][:3] for k in NAMES})
        scene.update({k: scene[k][:1] for k in ("viewmats", "Ks", "backgrounds")})
    names = ["means", "quats", "scales", "opacities", "colors", "viewmats", "backgrounds"]
    if call.get("render_mode") == "D":
        names = [n for n in names if n not in ("colors", "backgrounds")]
    else:
        scene["colors"] = scene["colors"] + 0.1  # off the clamp at 0 of the harmonics

    def function(*values):
        arguments = {**scene, **dict(zip(names, values, strict=True))}
        colors, alphas, _ = rasterize(**arguments, backend="reference", eps2d=40.0, **call)
        # Three random combinations of the pixels: as strict, and 300 times fewer backward passes.
        g = torch.Generator().manual_seed(0)
        weights = torch.randn(3, colors.numel() + alphas.numel(), generator=g, dtype=torch.float64)
        return weights @ torch.cat([colors.flatten(), alphas.flatten()])

    inputs = [scene[n].clone().requires_grad_() for n in names]
    assert torch.autograd.gradcheck(function, inputs, eps=1e-6, atol=1e-6, rtol=1e-4)


def test_equals_a_pixel_loop(make_scene):
    """Written after the papers alone, with numpy, no tiles, and a loop over everything."""
    scene = make_scene(60, 21, 18, seed=5, size=0.3).to(torch.float64)
    colors, alphas, _ = rasterize(**scene, backend="reference")
    a = {k: v.numpy() for k, v in scene.items() if isinstance(v, torch.Tensor)}
    view, K = a["viewmats"][0], a["Ks"][0]
    splats = []
    for i in range(60):
        w, x, y, z = a["quats"][i] / np.linalg.norm(a["quats"][i])
        rotation = np.array(
            [
                [w * w + x * x - y * y - z * z, 2 * (x * y - w * z), 2 * (x * z + w * y)],
                [2 * (x * y + w * z), w * w - x * x + y * y - z * z, 2 * (y * z - w * x)],
                [2 * (x * z - w * y), 2 * (y * z + w * x), w * w - x * x - y * y + z * z],
            ]
        )
        covariance = rotation @ np.diag(a["scales"][i] ** 2) @ rotation.T
        cx, cy, cz = view[:3, :3] @ a["means"][i] + view[:3, 3]
        J = np.array(
            [
                [K[0, 0] / cz, 0, -K[0, 0] * cx / cz**2],
                [0, K[1, 1] / cz, -K[1, 1] * cy / cz**2],
            ]
        )
        cov2d = J @ view[:3, :3] @ covariance @ view[:3, :3].T @ J.T + 0.3 * np.eye(2)
        center = np.array([K[0, 0] * cx / cz + K[0, 2], K[1, 1] * cy / cz + K[1, 2]])
        splats.append((cz, center, np.linalg.inv(cov2d), a["opacities"][i], a["colors"][i]))
    splats.sort(key=lambda s: s[0])
    for row in range(18):
        for column in range(21):
            left, total = 1.0, np.zeros(3)
            for _, center, conic, opacity, color in splats:
                d = center - (column + 0.5, row + 0.5)
                alpha = min(0.999, opacity * math.exp(-0.5 * d @ conic @ d))
                if alpha < 1 / 255:
                    continue
                if left * (1 - alpha) <= 1e-4:
                    break
                total += left * alpha * color
                left *= 1 - alpha
            total += left * a["backgrounds"][0]
            np.testing.assert_allclose(colors[0, row, column].numpy(), total, atol=1e-12)
            assert float(alphas[0, row, column]) == pytest.approx(1 - left, abs=1e-12)
