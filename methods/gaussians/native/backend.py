"""The `cpu` backend: the native core behind the interface of `rasterize`."""

from __future__ import annotations

import torch
from torch import Tensor

from harness.contracts.errors import BadInput
from methods.gaussians.native import kernels as abi
from methods.gaussians.native.autograd import Harmonics, Project, Render, RenderJob
from methods.gaussians.request import RasterRequest, refuse_not_finite

#: Below this many Gaussians and pixels together a second thread costs more than it brings.
SMALL_FRAME = 6000


def default_threads(request: RasterRequest) -> int:
    """Torch's thread count, or 1 for a frame too small to share out."""
    work = request.count + request.width * request.height // 4
    return 1 if work < SMALL_FRAME else torch.get_num_threads()


def render(
    request: RasterRequest, kernels: abi.Kernels, threads: int | None = None
) -> tuple[Tensor, Tensor, dict]:
    """Render with the native core.

    Args:
        request: checked arguments, float32 on the CPU. Non-contiguous tensors are copied.
        kernels: the loaded core.
        threads: OpenMP threads; `default_threads` when None.

    Returns:
        Colours [..., C, H, W, D] (depth not yet divided by alpha), alphas [..., C, H, W, 1]
        and the projection's part of meta.

    Raises:
        BadInput: another type than float32, or a value that is NaN or infinite.

    """
    r = request
    if r.means.dtype != torch.float32 or r.means.device.type != "cpu":
        raise BadInput(
            "rasterize",
            f"the cpu backend got {r.means.dtype} on {r.means.device}",
            "Convert to float32 on the CPU, or use backend='reference' for float64.",
        )
    means, quats, scales, opacities, viewmats, Ks = (
        t.contiguous() for t in (r.means, r.quats, r.scales, r.opacities, r.viewmats, r.Ks)
    )
    colors = r.colors.contiguous() if r.with_color else None
    backgrounds = _backgrounds_with_depth(r)
    sources = (means, quats, scales, opacities, viewmats, colors, backgrounds)
    keep = torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in sources)
    job = RenderJob(r, kernels, max(1, threads or default_threads(r)), keep)
    try:
        radii, means2d, depths, conics, compensations = Project.apply(
            means, quats, scales, opacities, viewmats, Ks, job
        )
        effective = opacities.unsqueeze(-2).expand(*r.batch, r.cameras, r.count)
        if compensations is not None:
            effective = effective * compensations
        if r.with_color and r.sh_degree is not None:
            centres = torch.inverse(viewmats)[..., :3, 3].contiguous()
            colors = Harmonics.apply(means, centres, colors, radii, job)
            colors = torch.clamp_min(colors + 0.5, 0.0)
        pixels, alphas = Render.apply(means2d, conics, depths, effective, colors, backgrounds, job)
    except abi.NotFinite:
        refuse_not_finite(r)
        raise BadInput(
            "rasterize",
            "finite arguments overflow float32 during rendering",
            "Look for extreme scales, opacities or coefficients.",
        ) from None
    meta = {
        "radii": radii,
        "means2d": means2d,
        "depths": depths,
        "conics": conics,
        "opacities": effective,
    }
    return pixels, alphas, meta


def _backgrounds_with_depth(r: RasterRequest) -> Tensor | None:
    """Depth has background 0, as in gsplat."""
    if r.backgrounds is None or not r.with_color:
        return None
    if not r.with_depth:
        return r.backgrounds.contiguous()
    return torch.cat([r.backgrounds, torch.zeros_like(r.backgrounds[..., :1])], -1)
