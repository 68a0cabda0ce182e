"""A branch's Gaussians with their optimizer, as the training stages move and splat them.

Activations are UA-3DTalk's: softplus for scales, sigmoid for opacities; rotations are
normalised in the rasteriser. The field's offsets are added before the activations.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from methods.gaussians.model import Gaussians
from methods.gaussians.rasterize import rasterize
from methods.ua3dtalk.config import TrainConfig
from methods.ua3dtalk.data.frames import Viewpoint
from methods.ua3dtalk.field.conditions import Offsets
from methods.ua3dtalk.scene.density import Density
from methods.ua3dtalk.scene.optimizers import (
    GAUSSIAN_RATES,
    MEANS_RATES,
    gaussian_optimizer,
    set_rates,
)

_SHAPE = ("means", "scales", "quats", "opacities")


class Cloud:
    """Gaussians in scene units, and Adam over them.

    Args:
        gaussians: the branch's.
        rates: learning rate of each parameter that learns.

    """

    def __init__(self, gaussians: Gaussians, rates: Mapping[str, float]) -> None:
        self.gaussians = gaussians
        self.density = Density(gaussians)
        self.train_only(rates)

    @classmethod
    def seeded(
        cls,
        points: np.ndarray,
        colours: np.ndarray,
        config: TrainConfig,
        means_rate: float,
        device: str,
    ) -> Cloud:
        """Round Gaussians, each as wide as its neighbours are near.

        Args:
            points: float32 [N,3] in scene units.
            colours: float32 [N,3] in [0, 1].
            config: initial opacity and degree of the harmonics.
            means_rate: factor on the learning rate of positions: the scene's extent, and what a
                short schedule adds.
            device: where they live.

        """
        gaussians = Gaussians.from_points(
            torch.from_numpy(points).to(device),
            torch.from_numpy(colours).to(device),
            sh_degree=config.sh_degree,
            opacity=config.init_opacity,
        )
        return cls(gaussians, {"means": MEANS_RATES[0] * means_rate, **GAUSSIAN_RATES})

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> Cloud:
        """From what `tensors` returned, for rendering only."""
        return cls(Gaussians(**tensors), {})

    def __len__(self) -> int:
        return len(self.gaussians)

    @property
    def means(self) -> Tensor:
        """Canonical positions [N,3]."""
        return self.gaussians.means

    def moved(self, offsets: Offsets | None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Means, quats, scales and opacities for the rasteriser, after a frame's offsets."""
        gaussians = self.gaussians
        means, quats, scales = gaussians.means, gaussians.quats, gaussians.scales
        if offsets is not None:
            means = means + offsets.means
            quats = quats if offsets.quats is None else quats + offsets.quats
            scales = scales if offsets.scales is None else scales + offsets.scales
        return means, quats, F.softplus(scales), gaussians.alphas()

    def splat(
        self,
        viewpoint: Viewpoint,
        offsets: Offsets | None,
        sh_degree: int,
        background: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, dict[str, Any]]:
        """Render the cloud: image [1,h,w,3], alpha [1,h,w,1] and the rasteriser's record.

        Args:
            viewpoint: camera and size.
            offsets: of the frame; None for the canonical cloud.
            sh_degree: how many degrees of the harmonics count.
            background: [1,3]; black when absent.

        """
        return rasterize(
            *self.moved(offsets),
            self.gaussians.coefficients(),
            *viewpoint.camera,
            sh_degree=sh_degree,
            backgrounds=background,
        )

    def splat_values(self, viewpoint: Viewpoint, offsets: Offsets | None, values: Tensor) -> Tensor:
        """Render values [N,D] in place of colours: [h,w,D]. Only the values get gradients."""
        with torch.no_grad():
            moved = self.moved(offsets)
        return rasterize(*moved, values, *viewpoint.camera)[0][0]

    def set_means_rate(self, rate: float) -> None:
        """Set the positions' learning rate, before the factor of this cloud."""
        for group in self.optimizer.param_groups:
            if group["name"] == "means":
                set_rates([group], rate / MEANS_RATES[0])

    def freeze_shape(self) -> None:
        """From here on only colours learn."""
        for name in _SHAPE:
            getattr(self.gaussians, name).requires_grad_(False)

    def optimize(self) -> None:
        """One step of Adam; gradients are gone afterwards."""
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    def train_only(self, rates: Mapping[str, float]) -> None:
        """From here on only the named parameters learn, with a fresh optimizer."""
        self._rates = dict(rates)
        for name, parameter in self.gaussians.named_parameters():
            parameter.requires_grad_(name in rates)
            parameter.grad = None
        self.optimizer = gaussian_optimizer(self.gaussians, self._rates)

    def tensors(self) -> dict[str, Tensor]:
        """The Gaussians' parameters as plain tensors."""
        return {name: value.detach() for name, value in self.gaussians.named_parameters()}

    def state(self) -> dict[str, Any]:
        """All that the next step depends on."""
        return {
            "tensors": self.tensors(),
            "optimizer": self.optimizer.state_dict(),
            "density": self.density.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned; the number of Gaussians may be another."""
        device = self.means.device
        tensors = {name: value.to(device) for name, value in state["tensors"].items()}
        self.gaussians = Gaussians(**tensors)
        self.train_only(self._rates)
        self.optimizer.load_state_dict(state["optimizer"])
        self.density.restore(state["density"])


def compose(
    face: Tensor, face_alpha: Tensor, mouth: Tensor, mouth_alpha: Tensor
) -> tuple[Tensor, Tensor]:
    """Put the face over the mouth (TalkingGaussian's order).

    Args:
        face: [H,W,3] premultiplied by its alpha.
        face_alpha: [H,W,1].
        mouth: [H,W,3] premultiplied.
        mouth_alpha: [H,W,1].

    Returns:
        rgb [H,W,3], premultiplied, and alpha [H,W,1]. Over a plate the image is
        face + (1 - face_alpha) (mouth + (1 - mouth_alpha) plate).

    """
    behind = 1 - face_alpha
    return face + behind * mouth, 1 - behind * (1 - mouth_alpha)
