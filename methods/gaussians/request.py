"""What one call of `rasterize` asks for, checked once for every backend."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from harness.contracts.errors import BadInput

RENDER_MODES = ("RGB", "D", "ED", "RGB+D", "RGB+ED")
RASTERIZE_MODES = ("classic", "antialiased")
TILE_SIZE = 16
#: Tile coordinates are 16-bit in the native core.
MAX_SIDE = 16 * 32767
MAX_CHANNELS = 32
MAX_SH_DEGREE = 3


@dataclass(frozen=True)
class Thresholds:
    """Constants of the rendering equation, in which releases of gsplat differ.

    Attributes:
        max_alpha: opacity of one Gaussian at one pixel is clamped to this.
        min_alpha: below this a Gaussian does not touch the pixel.
        min_transmittance: a pixel stops before the Gaussian that would bring its
            transmittance to this or below.
        max_extent: half-axes of a Gaussian's box, at most, in standard deviations.
        fov_margin: share of the field of view by which the Jacobian's clamp exceeds the image.

    """

    max_alpha: float
    min_alpha: float
    min_transmittance: float
    max_extent: float
    fov_margin: float


#: Those of gsplat 1.5.3. Its main branch has since moved to max_alpha 0.99 and a minimum
#: compensation.
THRESHOLDS = Thresholds(
    max_alpha=0.999,
    min_alpha=1.0 / 255.0,
    min_transmittance=1e-4,
    max_extent=3.33,
    fov_margin=0.3,
)


@dataclass(frozen=True)
class RasterRequest:
    """Checked arguments of `rasterize`, with the leading batch dimensions made explicit.

    Shapes: `batch` is any tuple, N Gaussians, C cameras. `means` [*batch, N, 3], `quats`
    [*batch, N, 4] wxyz, `scales` [*batch, N, 3], `opacities` [*batch, N], `colors`
    [*batch, (C,) N, D] or coefficients [*batch, (C,) N, K, 3], `viewmats` [*batch, C, 4, 4],
    `Ks` [*batch, C, 3, 3], `backgrounds` [*batch, C, D] or None.
    """

    means: Tensor
    quats: Tensor
    scales: Tensor
    opacities: Tensor
    colors: Tensor
    viewmats: Tensor
    Ks: Tensor
    width: int
    height: int
    backgrounds: Tensor | None
    sh_degree: int | None
    near_plane: float
    far_plane: float
    radius_clip: float
    eps2d: float
    render_mode: str
    antialiased: bool
    absgrad: bool

    @property
    def batch(self) -> tuple[int, ...]:
        """Leading dimensions, often none."""
        return tuple(self.means.shape[:-2])

    @property
    def images(self) -> int:
        """Images to render: product of the batch and the cameras."""
        return math.prod(self.batch) * self.cameras

    @property
    def cameras(self) -> int:
        """Cameras per batch element, C."""
        return self.viewmats.shape[-3]

    @property
    def count(self) -> int:
        """Gaussians per batch element, N."""
        return self.means.shape[-2]

    @property
    def with_color(self) -> bool:
        """Whether `colors` take part in the image."""
        return self.render_mode.startswith("RGB")

    @property
    def with_depth(self) -> bool:
        """Whether depth is the last channel."""
        return self.render_mode != "RGB"

    @property
    def colors_per_camera(self) -> bool:
        """Whether every camera has colours of its own."""
        shared = len(self.batch) + (2 if self.sh_degree is None else 3)
        return self.colors.dim() > shared

    def tensors(self) -> dict[str, Tensor]:
        """The tensor arguments by name."""
        names = ("means", "quats", "scales", "opacities", "colors", "viewmats", "Ks", "backgrounds")
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    def check(self) -> RasterRequest:
        """Raise `BadInput` for shapes, types or options that no backend could render."""
        self._check_shapes()
        self._check_options()
        kinds = {(value.dtype, value.device) for value in self.tensors().values()}
        if len(kinds) > 1 or not self.means.is_floating_point():
            listed = ", ".join(f"{n} {t.dtype} on {t.device}" for n, t in self.tensors().items())
            raise BadInput("rasterize", f"got {listed}", "Give one float type on one device.")
        return self

    def _check_shapes(self) -> None:
        if self.means.dim() < 2 or self.viewmats.dim() < 3:
            raise BadInput(
                "rasterize",
                f"means has shape {tuple(self.means.shape)} and viewmats "
                f"{tuple(self.viewmats.shape)}",
                "Give [..., N, 3] and [..., C, 4, 4].",
            )
        batch, n, c = self.batch, self.count, self.cameras
        wanted = {
            "means": [(*batch, n, 3)],
            "quats": [(*batch, n, 4)],
            "scales": [(*batch, n, 3)],
            "opacities": [(*batch, n)],
            "viewmats": [(*batch, c, 4, 4)],
            "Ks": [(*batch, c, 3, 3)],
        }
        if self.sh_degree is not None:
            bases = self.colors.shape[-2] if self.colors.dim() > 1 else 0
            wanted["colors"] = [(*batch, n, bases, 3), (*batch, c, n, bases, 3)]
            if bases < (self.sh_degree + 1) ** 2:
                raise BadInput(
                    "colors",
                    f"{bases} coefficients cannot hold degree {self.sh_degree}",
                    f"Give at least {(self.sh_degree + 1) ** 2}, or lower sh_degree.",
                )
        elif self.with_color:
            d = self.colors.shape[-1] if self.colors.dim() else 0
            wanted["colors"] = [(*batch, n, d), (*batch, c, n, d)]
        if self.backgrounds is not None and self.with_color:
            d = 3 if self.sh_degree is not None else self.colors.shape[-1]
            wanted["backgrounds"] = [(*batch, c, d)]
        for name, shapes in wanted.items():
            given = tuple(getattr(self, name).shape)
            if given not in shapes:
                cure = "Give " + " or ".join(map(str, dict.fromkeys(shapes))) + "."
                raise BadInput(name, f"shape {given} does not match the other arguments", cure)

    def _check_options(self) -> None:
        if self.render_mode not in RENDER_MODES:
            raise BadInput(
                "render_mode", f"{self.render_mode!r} is unknown", f"Choose one of {RENDER_MODES}."
            )
        if self.sh_degree is not None and not 0 <= self.sh_degree <= MAX_SH_DEGREE:
            raise BadInput(
                "sh_degree", f"{self.sh_degree} is not supported", "Give 0 to 3, or None."
            )
        if not (0 < self.width <= MAX_SIDE and 0 < self.height <= MAX_SIDE):
            raise BadInput(
                "rasterize",
                f"an image of {self.width} x {self.height} pixels",
                f"Give sides of 1 to {MAX_SIDE}.",
            )
        if not 0 < self.near_plane <= self.far_plane:
            raise BadInput(
                "rasterize",
                f"near_plane {self.near_plane} and far_plane {self.far_plane}",
                "Give 0 < near_plane <= far_plane.",
            )
        channels = (3 if self.sh_degree is not None else self.colors.shape[-1]) * self.with_color
        if not 0 < channels + self.with_depth <= MAX_CHANNELS:
            raise BadInput(
                "colors",
                f"{channels + self.with_depth} channels in one image",
                f"Render 1 to {MAX_CHANNELS} at a time.",
            )


def refuse_not_finite(request: RasterRequest) -> None:
    """Raise `BadInput` that names the first argument with a NaN or an infinity, if any."""
    for name, value in request.tensors().items():
        finite = torch.isfinite(value.detach())
        if not bool(finite.all()):
            bad = int((~finite).sum())
            raise BadInput(
                name,
                f"{bad} of {value.numel()} values are NaN or infinite",
                "Find the step that produced them (a learning rate too high, a division by zero).",
            )
