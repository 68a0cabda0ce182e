"""Where releases of gsplat differ in meaning: limits of alpha, transmittance and extent."""

from __future__ import annotations

from dataclasses import dataclass

from harness.contracts.errors import UnknownName


@dataclass(frozen=True)
class Thresholds:
    """Constants of the rendering equation.

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


#: gsplat's main branch has since moved to max_alpha 0.99 and a minimum compensation.
PROFILES = {
    "gsplat-1.5.3": Thresholds(
        max_alpha=0.999,
        min_alpha=1.0 / 255.0,
        min_transmittance=1e-4,
        max_extent=3.33,
        fov_margin=0.3,
    ),
}

DEFAULT_PROFILE = "gsplat-1.5.3"


def thresholds(profile: str = DEFAULT_PROFILE) -> Thresholds:
    """Return the constants of a named profile; `UnknownName` when there is none."""
    try:
        return PROFILES[profile]
    except KeyError:
        raise UnknownName("splatting profile", profile, PROFILES) from None
