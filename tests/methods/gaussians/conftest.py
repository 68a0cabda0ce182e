"""Random clouds, cameras and a comparison, shared by the splatting tests."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from methods.gaussians.rasterize import rasterize

NAMES = ("means", "quats", "scales", "opacities", "colors")


class Scene(dict):
    """Arguments of `rasterize` by name."""

    def to(self, dtype: torch.dtype) -> Scene:
        return Scene({k: v.to(dtype) if isinstance(v, Tensor) else v for k, v in self.items()})

    def leaves(self) -> Scene:
        """Copies that collect gradients; intrinsics do not."""
        return Scene(
            {
                k: v.clone().requires_grad_() if isinstance(v, Tensor) and k != "Ks" else v
                for k, v in self.items()
            }
        )


def _scene(
    count: int,
    width: int,
    height: int | None = None,
    *,
    cameras: int = 1,
    channels: int = 3,
    sh: int | None = None,
    background: bool = True,
    seed: int = 0,
    size: float = 0.35,
) -> Scene:
    """A shell of flattened Gaussians one unit before the cameras; quaternions of any length."""
    height = height or width
    g = torch.Generator().manual_seed(seed)
    shell = torch.nn.functional.normalize(torch.randn(count, 3, generator=g), dim=-1)
    base = 0.7 * size / math.sqrt(max(count, 1))
    scales = base * torch.exp(0.5 * torch.randn(count, 3, generator=g))
    out = Scene(
        means=shell * torch.tensor([0.5, 0.7, 0.5]) * size,
        quats=torch.randn(count, 4, generator=g) * 2,
        scales=scales * torch.tensor([1.0, 1.0, 0.3]),
        opacities=torch.sigmoid(2 * torch.randn(count, generator=g)),
        colors=torch.rand(count, channels, generator=g),
        width=width,
        height=height,
    )
    if sh is not None:
        out["colors"] = 0.4 * torch.randn(count, (sh + 1) ** 2, 3, generator=g)
        out["sh_degree"] = sh
    if background:
        out["backgrounds"] = torch.rand(cameras, 3 if sh is not None else channels, generator=g)
    views = torch.eye(4).repeat(cameras, 1, 1)
    for i in range(cameras):
        angle = 0.2 + 0.3 * i
        views[i, 0, 0] = views[i, 2, 2] = math.cos(angle)
        views[i, 0, 2], views[i, 2, 0] = math.sin(angle), -math.sin(angle)
        views[i, 2, 3] = 1.0
    out["viewmats"] = views
    focal = 1.8 * max(width, height)
    K = torch.tensor([[focal, 0, 0.48 * width], [0, 1.1 * focal, 0.53 * height], [0, 0, 1.0]])
    out["Ks"] = K.repeat(cameras, 1, 1)
    return out


def _run(scene: Scene, **options) -> tuple[Tensor, Tensor, dict, dict[str, Tensor]]:
    """Render, and pull random cotangents back: colours, alphas, meta, gradients by name."""
    leaves = scene.leaves()
    colors, alphas, meta = rasterize(**leaves, **options)
    meta["means2d"].retain_grad()
    g = torch.Generator().manual_seed(7)
    v_colors = torch.randn(colors.shape, generator=g).to(colors)
    v_alphas = torch.randn(alphas.shape, generator=g).to(colors)
    ((colors * v_colors).sum() + (alphas * v_alphas).sum()).backward()
    grads = {k: v.grad for k, v in leaves.items() if isinstance(v, Tensor) and v.grad is not None}
    grads["means2d"] = meta["means2d"].grad
    return colors.detach(), alphas.detach(), meta, grads


def _assert_close(
    ours, oracle, *, largest: float = 5e-5, gradient: float = 5e-5, share: float = 0.0
) -> None:
    """Bound the image's error, the share of pixels beyond 1e-4, and gradients' relative L2.

    A single rounding at a threshold (1/255, 1e-4, equal depths) may change whole pixels; tests
    with many Gaussians pass a `share` for that, and a larger bound.
    """
    (c1, a1, m1, g1), (c2, a2, m2, g2) = ours, oracle
    assert torch.equal(m1["radii"], m2["radii"])
    for x, y in ((c1, c2), (a1, a2)):
        error = (x - y).abs()
        assert float(error.max()) <= largest
        assert float((error > 1e-4).double().mean()) <= share
    assert g1.keys() == g2.keys()
    for name in g2:
        assert float((g1[name] - g2[name]).norm() / g2[name].norm()) <= gradient, name


@pytest.fixture(autouse=True)
def one_thread():
    """On a busy machine two threads mostly wait for each other; tests of threads ask for them."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def make_scene() -> Callable[..., Scene]:
    return _scene


@pytest.fixture
def run() -> Callable:
    return _run


@pytest.fixture
def assert_close() -> Callable:
    return _assert_close
