"""The `gsplat` backend: gsplat 1.5.3's CUDA kernels behind the interface of `rasterize`."""

from __future__ import annotations

from torch import Tensor

from harness.contracts.errors import BadInput, Unavailable
from methods.gaussians.request import RasterRequest

#: Other releases mean something else by the same call (see `THRESHOLDS`).
VERSION = "1.5.3"


def render(request: RasterRequest) -> tuple[Tensor, Tensor, dict]:
    """Render on the GPU, unpacked.

    Raises:
        Unavailable: gsplat is absent or of another version.
        BadInput: the tensors are not on a GPU.

    """
    try:
        import gsplat
    except ImportError as error:
        raise Unavailable(
            "gsplat", str(error), f"Install it with pip install gsplat=={VERSION}."
        ) from error
    if gsplat.__version__.split("+")[0] != VERSION:
        raise Unavailable(
            "gsplat",
            f"version {gsplat.__version__} differs from {VERSION} in its thresholds",
            f"Install it with pip install gsplat=={VERSION}.",
        )
    r = request
    if r.means.device.type != "cuda":
        raise BadInput(
            "backend='gsplat'",
            f"the tensors are on {r.means.device}",
            "Move them to a CUDA device, or omit `backend` to have it chosen by device.",
        )
    colors = r.colors
    if not r.with_color and colors.shape[-1] == 0:
        colors = r.means  # gsplat checks the shape and ignores the values
    return gsplat.rasterization(
        r.means,
        r.quats,
        r.scales,
        r.opacities,
        colors,
        r.viewmats,
        r.Ks,
        r.width,
        r.height,
        near_plane=r.near_plane,
        far_plane=r.far_plane,
        radius_clip=r.radius_clip,
        eps2d=r.eps2d,
        sh_degree=r.sh_degree,
        packed=False,
        backgrounds=r.backgrounds,
        render_mode=r.render_mode,
        absgrad=r.absgrad,
        rasterize_mode="antialiased" if r.antialiased else "classic",
    )
