"""The work whose speed the gate guards: the fusion, the splatting core, the scoring.

Fixed sizes and seeds, one thread, some milliseconds a call: short enough that a slice sees
one phase of a neighbour's load, long enough that Python's overhead is small.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

Work = Callable[[], object]


def build() -> dict[str, Work]:
    """Every guarded work, on newly made data.

    Returns:
        `fusion` (forward and backward), `splat` (forward), `splat_step` (forward and
        backward), `scoring` (PSNR and SSIM of a frame).

    """
    forward, step = splatting()
    return {"fusion": fusion(), "splat": forward, "splat_step": step, "scoring": scoring()}


def fusion(
    gaussians: int = 800, members: int = 4, latent: int = 16, views: int = 4, calls: int = 4
) -> Work:
    """UA-3DTalk's uncertainty fusion as its field uses it, forward and backward.

    Several calls in a row, as in training: a single one measures mostly the cold caches that
    the calibration kernel leaves behind.
    """
    import torch

    from methods.ua3dtalk.field.fusion import join as module

    generator = torch.Generator().manual_seed(0)

    def draw(scale: float) -> torch.Tensor:
        return torch.randn(members, latent, gaussians, generator=generator) * scale

    given = [torch.cat([draw(0.3), draw(0.5)], dim=1).requires_grad_() for _ in range(views)]

    def run() -> object:
        for _ in range(calls):
            gradients = torch.autograd.grad(module.join(given, "full").sum(), given)
        return gradients

    return run


def splatting(count: int = 3000, size: int = 96) -> tuple[Work, Work]:
    """A shell of Gaussians seen from a metre away: rendered, and rendered with gradients."""
    import torch

    from methods.gaussians import rasterize as module

    generator = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    axes = torch.tensor([0.085, 0.115, 0.1])
    spread = 0.006 * torch.exp(0.4 * normal(count, 3))
    scene = [
        torch.nn.functional.normalize(normal(count, 3), dim=-1) * axes,
        normal(count, 4),
        spread,
        torch.sigmoid(normal(count) + 1),
        torch.rand(count, 3, generator=generator),
    ]
    leaves = [each.clone().requires_grad_() for each in scene]
    view = torch.eye(4)
    view[2, 3] = 1.0
    focal = 3.2 * size
    matrix = torch.tensor([[focal, 0, size / 2], [0, focal, size / 2], [0, 0, 1.0]])
    cotangent = torch.rand(1, size, size, 3, generator=generator) - 0.5
    camera: Any = (view[None], matrix[None], size, size)
    options: dict[str, Any] = {"backgrounds": torch.ones(1, 3), "backend": "cpu", "threads": 1}

    def render(tensors: list[torch.Tensor]) -> torch.Tensor:
        means, turns, scales, opacities, colours = tensors
        return module.rasterize(means, turns, scales, opacities, colours, *camera, **options)[0]

    def forward() -> object:
        with torch.no_grad():
            return render(scene)

    def step() -> object:
        for leaf in leaves:
            leaf.grad = None
        torch.autograd.backward([render(leaves)], [cotangent])
        return leaves[0].grad

    return forward, step


def scoring(frames: int = 1, side: int = 96) -> Work:
    """PSNR and SSIM of a noisy frame, through the metrics' own classes."""
    import numpy as np

    from harness.contracts import Clip, FrameBatch
    from metrics import catalog

    rng = np.random.default_rng(0)
    truth = rng.integers(0, 256, (frames, side, side, 3), np.uint8)
    noise = rng.integers(0, 20, truth.shape, np.uint8)
    rendered = np.minimum(truth, 255 - noise) + noise
    sound = np.zeros(math.ceil(16_000 * frames / 25), np.float32)
    metrics = [catalog.build(catalog.spec(name), "cpu") for name in ("psnr", "ssim")]

    def run() -> object:
        clip = Clip("gate", 25.0, frames, side, side, sound)
        for metric in metrics:
            metric.begin(clip)
            metric.update(FrameBatch(0, rendered, truth))
        return [metric.compute() for metric in metrics]

    return run
