"""Density control by UA-3DTalk's rules: clone, split, prune what is faint, large or green.

The operations are those of `methods.gaussians.density`; what differs from 3DGS is the rising
opacity that a Gaussian must have to stay, what becomes of Gaussians that learnt the green
screen's colour, and that opacities are never reset. Source: the released `train_face.py`,
`train_mouth.py` and `scene/gaussian_model.py`. The limit on a Gaussian's size on the screen that
stands there never applies: its record is cleared just before it is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from methods.gaussians.density import duplicate, remove, split
from methods.gaussians.model import Gaussians, raw_scales
from methods.gaussians.spherical_harmonics import evaluate

#: Parts of the scene's extent: Gaussians wider than the first are split, the others cloned;
#: those wider than the second are removed.
SPLIT_ABOVE, REMOVE_ABOVE = 0.005, 0.1
#: A colour counts as the screen's within this distance of (0, 1, 0) in every channel.
FACE_GREEN_WITHIN, MOUTH_GREEN_WITHIN = 30 / 255, 20 / 255
#: What the mouth's green Gaussians are set to: this opacity, and scales divided by this.
GREEN_OPACITY, GREEN_SHRINKS = 0.1, 10.0


class Density:
    """Mean gradient of each Gaussian's image position since the last densification."""

    def __init__(self, gaussians: Gaussians) -> None:
        self.reset(gaussians)

    def reset(self, gaussians: Gaussians) -> None:
        """Reset both sums."""
        means = gaussians.means
        self.pull = torch.zeros(len(means), device=means.device)
        self.seen = torch.zeros(len(means), device=means.device)

    def observe(self, meta: Mapping[str, Any]) -> None:
        """Add one step's gradients of the projected positions, in half frame widths."""
        means2d = meta["means2d"]
        size = means2d.new_tensor([meta["width"], meta["height"]]) / 2
        visible = (meta["radii"][0] > 0).all(-1)
        self.pull += (means2d.grad[0] * size).norm(dim=-1) * visible
        self.seen += visible

    def control(
        self,
        gaussians: Gaussians,
        optimizer: torch.optim.Optimizer,
        *,
        threshold: float,
        min_opacity: float,
        extent: float,
        prune_large: bool,
        most: int,
        generator: torch.Generator,
    ) -> None:
        """Change the Gaussians in place, and their moments with them.

        Args:
            gaussians: whose number changes.
            optimizer: that holds their parameters.
            threshold: mean gradient from which on a Gaussian is cloned or split.
            min_opacity: fainter ones are removed.
            extent: of the scene, `TrainingData.extent`.
            prune_large: whether too large ones are removed.
            most: there will not be more than this many.
            generator: where split Gaussians are drawn from.

        """
        mean = self.pull / self.seen.clamp_min(1)
        grows = mean >= threshold
        room = max(0, most - len(gaussians))
        if int(grows.sum()) > room:
            chosen = torch.topk(torch.where(grows, mean, -1.0), room).indices
            grows = torch.zeros_like(grows)
            grows[chosen] = True
        with torch.no_grad():
            wide = gaussians.standard_deviations().amax(-1) > SPLIT_ABOVE * extent
        clones, splits = grows & ~wide, grows & wide
        duplicate(gaussians, optimizer, clones)
        splits = torch.cat([splits, splits.new_zeros(int(clones.sum()))])
        split(gaussians, optimizer, splits, generator)
        with torch.no_grad():
            gone = gaussians.alphas() < min_opacity
            if prune_large:
                gone |= gaussians.standard_deviations().amax(-1) > REMOVE_ABOVE * extent
        self._remove(gaussians, optimizer, gone)
        self.reset(gaussians)

    def remove_green(
        self, gaussians: Gaussians, optimizer: torch.optim.Optimizer, seen: Tensor
    ) -> None:
        """Remove Gaussians that show the screen's colour (the face's rule).

        Args:
            gaussians: whose number changes.
            optimizer: that holds their parameters.
            seen: colours [N,3] from the step's camera, `view_colours`.

        """
        gone = is_green(seen, FACE_GREEN_WITHIN)
        if self._remove(gaussians, optimizer, gone):
            self.pull, self.seen = self.pull[~gone], self.seen[~gone]

    @staticmethod
    def _remove(gaussians: Gaussians, optimizer: torch.optim.Optimizer, gone: Tensor) -> bool:
        # A cloud without a Gaussian could never grow again.
        if bool(gone.all()) or not bool(gone.any()):
            return False
        remove(gaussians, optimizer, gone)
        return True

    def state(self) -> dict[str, Tensor]:
        """Both sums."""
        return {"pull": self.pull, "seen": self.seen}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from what `state` returned."""
        device = self.pull.device
        self.pull, self.seen = (state[name].to(device, copy=True) for name in ("pull", "seen"))


@torch.no_grad()
def view_colours(gaussians: Gaussians, centre: Tensor, sh_degree: int) -> Tensor:
    """Colour of each Gaussian [N,3] as a camera at `centre` [3] sees it, not below 0."""
    directions = gaussians.means - centre
    return (evaluate(sh_degree, directions, gaussians.coefficients()) + 0.5).clamp_min(0)


def is_green(colours: Tensor, within: float) -> Tensor:
    """Bool [N]: which of some colours [N,3] are the green screen's, or greener."""
    red, green, blue = colours.unbind(-1)
    return (red < within) & (green > 1 - within) & (blue < within)


@torch.no_grad()
def soften_green(gaussians: Gaussians, seen: Tensor) -> None:
    """Make Gaussians that show the screen's colour faint and small (the mouth's rule).

    They mark where the mouth is closed in many frames and may be needed where it opens. The
    released code divides the scale before its softplus by ten, which turns a small Gaussian into
    one that fills the frame; here the scale itself is divided.

    Args:
        gaussians: changed in place.
        seen: colours [N,3] from the step's camera, `view_colours`.

    """
    green = is_green(seen, MOUTH_GREEN_WITHIN)
    gaussians.opacities[green] = torch.logit(torch.tensor(GREEN_OPACITY)).item()
    small = gaussians.standard_deviations()[green] / GREEN_SHRINKS
    gaussians.scales[green] = raw_scales(small.clamp_min(1e-7))
