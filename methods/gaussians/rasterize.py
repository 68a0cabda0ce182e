"""One function that renders Gaussians, on whichever device they are."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor

from harness.contracts.errors import BadInput, UnknownName
from methods.gaussians import reference
from methods.gaussians.request import RASTERIZE_MODES, TILE_SIZE, RasterRequest, refuse_not_finite
from methods.gaussians.tiles import Meta

BACKENDS = ("gsplat", "cpu", "reference")


def rasterize(
    means: Tensor,
    quats: Tensor,
    scales: Tensor,
    opacities: Tensor,
    colors: Tensor,
    viewmats: Tensor,
    Ks: Tensor,
    width: int,
    height: int,
    *,
    near_plane: float = 0.01,
    far_plane: float = 1e10,
    radius_clip: float = 0.0,
    eps2d: float = 0.3,
    sh_degree: int | None = None,
    backgrounds: Tensor | None = None,
    render_mode: str = "RGB",
    rasterize_mode: str = "classic",
    absgrad: bool = False,
    backend: str | None = None,
    threads: int | None = None,
) -> tuple[Tensor, Tensor, dict[str, Any]]:
    """Render N Gaussians into C images; names and meaning of `gsplat.rasterization` 1.5.3.

    Any leading batch dimensions may stand before the shapes below. Differentiable by all
    tensors but `Ks`.

    Args:
        means: [N, 3], world.
        quats: [N, 4], wxyz, of any length but 0.
        scales: [N, 3], standard deviations, > 0.
        opacities: [N], 0 to 1.
        colors: [N, D] or [C, N, D]; with `sh_degree`, coefficients [N, K, 3] or [C, N, K, 3].
        viewmats: [C, 4, 4], world to camera, OpenCV axes.
        Ks: [C, 3, 3], pinhole intrinsics in pixels, without skew.
        width: pixels.
        height: pixels.
        near_plane: nearer Gaussians are culled.
        far_plane: farther ones too.
        radius_clip: Gaussians whose box has half-sides up to this many pixels are culled.
        eps2d: added to the diagonal of the covariance in the image, pixels^2.
        sh_degree: 0 to 3; None when `colors` are final.
        backgrounds: [C, D], or None for 0. Depth has background 0 always.
        render_mode: `RGB`, `D` (sum of weight times depth), `ED` (the same by alpha), `RGB+D`
            or `RGB+ED`.
        rasterize_mode: `classic`, or `antialiased` (opacity loses what eps2d adds in area).
        absgrad: on backward, set `meta["means2d"].absgrad` to the sum over pixels of the
            absolute gradient.
        backend: `gsplat` (CUDA), `cpu` (native core) or `reference` (torch); by device if None.
        threads: of the cpu backend; torch's number when None, or 1 for tiny frames.

    Returns:
        Colours [C, H, W, D], alphas [C, H, W, 1] and a dict with `radii` [C, N, 2] int32 (0
        when culled), `means2d` [C, N, 2] (a node of the graph: `retain_grad` works), `depths`,
        `conics` [C, N, 3], `opacities` [C, N], `tile_width`, `tile_height`, `tile_size`,
        `width`, `height`, `n_batches`, `n_cameras`, and the lists `tiles_per_gauss`,
        `isect_ids`, `flatten_ids`, `isect_offsets`, made when first read.

    Raises:
        BadInput: shapes, types or values that cannot be rendered; NaN is refused.
        UnknownName: of a backend.
        Unavailable: backend `gsplat` without gsplat 1.5.3.

    """
    if rasterize_mode not in RASTERIZE_MODES:
        raise BadInput(
            "rasterize_mode", f"{rasterize_mode!r} is unknown", f"Choose one of {RASTERIZE_MODES}."
        )
    request = RasterRequest(
        means=means,
        quats=quats,
        scales=scales,
        opacities=opacities,
        colors=colors,
        viewmats=viewmats,
        Ks=Ks,
        width=width,
        height=height,
        backgrounds=backgrounds,
        sh_degree=sh_degree,
        near_plane=near_plane,
        far_plane=far_plane,
        radius_clip=radius_clip,
        eps2d=eps2d,
        render_mode=render_mode,
        antialiased=rasterize_mode == "antialiased",
        absgrad=absgrad,
    ).check()
    backend = backend or ("gsplat" if means.device.type == "cuda" else "cpu")
    if backend == "gsplat":
        from methods.gaussians import gsplat_backend

        return gsplat_backend.render(request)
    if backend not in BACKENDS:
        raise UnknownName("splatting backend", backend, BACKENDS)

    pixels, alphas, meta = _render_cpu(request, backend, threads)
    if render_mode in ("ED", "RGB+ED"):
        depth = pixels[..., -1:] / alphas.clamp(min=1e-10)
        pixels = torch.cat([pixels[..., :-1], depth], -1)
    meta = Meta(
        meta,
        tile_width=-(-width // TILE_SIZE),
        tile_height=-(-height // TILE_SIZE),
        tile_size=TILE_SIZE,
        width=width,
        height=height,
        n_batches=request.images // max(1, request.cameras),
        n_cameras=request.cameras,
        batch_ids=None,
        camera_ids=None,
        gaussian_ids=None,
    )
    return pixels, alphas, meta


def _render_cpu(
    request: RasterRequest, backend: str, threads: int | None
) -> tuple[Tensor, Tensor, dict[str, Any]]:
    if backend == "cpu":
        from methods.gaussians.native import backend as native
        from methods.gaussians.native.kernels import load_kernels

        kernels = load_kernels()
        if kernels is not None:
            return native.render(request, kernels, threads)
    if request.absgrad:
        warnings.warn("the torch reference does not compute absgrad", stacklevel=3)
    refuse_not_finite(request)
    return reference.render(request)
