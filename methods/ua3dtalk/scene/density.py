"""Density control by UA-3DTalk's rules: clone, split, prune what is faint or green.

The operations are those of `methods.gaussians.density`; what differs from 3DGS is the rising
opacity that a Gaussian must have to stay, the pruning of Gaussians that learnt the green
screen's colour, and that opacities are never reset. Source: the released `train_face.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from methods.gaussians.density import duplicate, remove, split
from methods.gaussians.model import Gaussians
from methods.gaussians.spherical_harmonics import sh_to_rgb

#: Gaussians wider than this are split, the others cloned; scene units (the head's half
#: extent is 0.12).
SPLIT_ABOVE = 0.01
#: A colour counts as the screen's within this distance of (0, 1, 0) in every channel.
GREEN_WITHIN = 30 / 255


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
        """Add one step's gradients of the projected positions, in half window widths."""
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
        most: int,
        generator: torch.Generator,
    ) -> None:
        """Change the Gaussians in place, and their moments with them.

        Args:
            gaussians: whose number changes.
            optimizer: that holds their parameters.
            threshold: mean gradient above which a Gaussian is cloned or split.
            min_opacity: fainter ones are removed.
            most: there will not be more than this many.
            generator: where split Gaussians are drawn from.

        """
        mean = self.pull / self.seen.clamp_min(1)
        grows = mean > threshold
        room = max(0, most - len(gaussians))
        if int(grows.sum()) > room:
            chosen = torch.topk(torch.where(grows, mean, -1.0), room).indices
            grows = torch.zeros_like(grows)
            grows[chosen] = True
        with torch.no_grad():
            wide = gaussians.standard_deviations().amax(-1) > SPLIT_ABOVE
        clones, splits = grows & ~wide, grows & wide
        duplicate(gaussians, optimizer, clones)
        splits = torch.cat([splits, splits.new_zeros(int(clones.sum()))])
        split(gaussians, optimizer, splits, generator)
        with torch.no_grad():
            gone = (gaussians.alphas() < min_opacity) | is_green(gaussians)
        # A cloud without a Gaussian could never grow again.
        if not bool(gone.all()):
            remove(gaussians, optimizer, gone)
        self.reset(gaussians)

    def state(self) -> dict[str, Tensor]:
        """Both sums."""
        return {"pull": self.pull, "seen": self.seen}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from what `state` returned."""
        self.pull, self.seen = state["pull"].clone(), state["seen"].clone()


def is_green(gaussians: Gaussians) -> Tensor:
    """Bool [N]: whose base colour is the green screen's."""
    colour = sh_to_rgb(gaussians.sh0[:, 0])
    screen = colour.new_tensor([0.0, 1.0, 0.0])
    # Beyond the screen (greener than 1) is green, too.
    distance = torch.where(screen > 0, screen - colour, colour - screen)
    return (distance < GREEN_WITHIN).all(-1)
