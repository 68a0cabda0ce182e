"""A branch's Gaussians with their optimiser, as the training stages move and splat them.

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

from methods.gaussians import rasterize
from methods.ua3dtalk.config import TrainConfig
from methods.ua3dtalk.data import CameraView
from methods.ua3dtalk.field import Offsets
from methods.ua3dtalk.optimisers import gaussian_groups
from methods.ua3dtalk.schedule import GAUSSIAN_EPSILON, GAUSSIAN_RATES, MEANS_RATES
from methods.ua3dtalk.seeding import spacing

#: Value of the constant spherical harmonic: colour = 0.5 + SH_CONSTANT * coefficient.
SH_CONSTANT = 0.28209479177387814


class Cloud:
    """Gaussians in scene units before activation, and Adam over them.

    Args:
        tensors: `means` [N,3], `quats` [N,4], `scales` [N,3], `opacities` [N], `sh` [N,K,3].
        rates: learning rate of each tensor that learns.

    """

    def __init__(self, tensors: Mapping[str, Tensor], rates: Mapping[str, float]) -> None:
        self.parameters = {
            name: torch.nn.Parameter(value.clone(), requires_grad=name in rates)
            for name, value in tensors.items()
        }
        self._rates = dict(rates)
        self._optimiser = self._fresh_optimiser()

    @classmethod
    def seeded(
        cls, points: np.ndarray, colours: np.ndarray, config: TrainConfig, device: str
    ) -> Cloud:
        """Round Gaussians, each as wide as its neighbours are near.

        Args:
            points: float32 [N,3] in scene units.
            colours: float32 [N,3] in [0, 1].
            config: initial opacity, degree of the harmonics, learning rates.
            device: where they live.

        """
        width = torch.from_numpy(spacing(points)).to(device)
        count = len(points)
        sh = torch.zeros(count, (config.sh_degree + 1) ** 2, 3, device=device)
        sh[:, 0] = (torch.from_numpy(colours).to(device) - 0.5) / SH_CONSTANT
        quats = torch.zeros(count, 4, device=device)
        quats[:, 0] = 1
        opacity = torch.full((count,), config.init_opacity, device=device)
        tensors = {
            "means": torch.from_numpy(points).to(device),
            "quats": quats,
            # The inverse of softplus.
            "scales": torch.log(torch.expm1(width))[:, None].repeat(1, 3),
            "opacities": torch.logit(opacity),
            "sh": sh,
        }
        rates = {
            "means": MEANS_RATES[0] * config.shape_rate,
            "quats": GAUSSIAN_RATES["quats"] * config.shape_rate,
            "scales": GAUSSIAN_RATES["scales"] * config.shape_rate,
            "opacities": GAUSSIAN_RATES["opacities"] * config.colour_rate,
            "sh": GAUSSIAN_RATES["sh"] * config.colour_rate,
        }
        return cls(tensors, rates)

    def __len__(self) -> int:
        return len(self.parameters["means"])

    @property
    def means(self) -> torch.nn.Parameter:
        """Canonical positions [N,3]."""
        return self.parameters["means"]

    def activated(self, offsets: Offsets | None) -> dict[str, Tensor]:
        """What the rasteriser takes, moved by a frame's offsets."""
        means, quats = self.parameters["means"], self.parameters["quats"]
        scales = self.parameters["scales"]
        if offsets is not None:
            means = means + offsets.means
            quats = quats if offsets.quats is None else quats + offsets.quats
            scales = scales if offsets.scales is None else scales + offsets.scales
        return {
            "means": means,
            "quats": quats,
            "scales": F.softplus(scales),
            "opacities": torch.sigmoid(self.parameters["opacities"]),
        }

    def splat(
        self,
        view: CameraView,
        offsets: Offsets | None,
        sh_degree: int,
        background: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, dict[str, Any]]:
        """Render the cloud: image [1,h,w,3], alpha [1,h,w,1] and the rasteriser's record.

        Args:
            view: camera and size.
            offsets: of the frame; None for the canonical cloud.
            sh_degree: how many degrees of the harmonics count.
            background: [1,3]; black when absent.

        """
        return rasterize(
            **self.activated(offsets),
            colors=self.parameters["sh"],
            viewmats=view.viewmat,
            Ks=view.K,
            width=view.width,
            height=view.height,
            sh_degree=sh_degree,
            backgrounds=background,
        )

    def splat_values(self, view: CameraView, offsets: Offsets | None, values: Tensor) -> Tensor:
        """Render values [N,D] in place of colours: [h,w,D]. Only the values get gradients."""
        fixed = {name: value.detach() for name, value in self.activated(offsets).items()}
        image, _, _ = rasterize(
            **fixed,
            colors=values,
            viewmats=view.viewmat,
            Ks=view.K,
            width=view.width,
            height=view.height,
        )
        return image[0]

    def observe(self, meta: Mapping[str, Any], width: int, height: int) -> None:
        """Note how strongly this step's loss pulls at each Gaussian on the screen."""

    def control_density(
        self, threshold: float, min_opacity: float, max_gaussians: int, generator: torch.Generator
    ) -> None:
        """Clone and split where the loss pulls, prune what is faint or green."""

    def set_rates(self, means_rate: float) -> None:
        """Set the positions' learning rate, before the run's own factor on it."""
        for group in self._optimiser.param_groups:
            if group["name"] == "means":
                group["lr"] = means_rate * group["base"] / MEANS_RATES[0]

    def optimise(self) -> None:
        """One step of Adam; gradients are gone afterwards."""
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)

    def train_only(self, rates: Mapping[str, float]) -> None:
        """From here on only the named tensors learn, with a fresh optimiser."""
        for name, parameter in self.parameters.items():
            parameter.requires_grad_(name in rates)
            parameter.grad = None
        self._rates = dict(rates)
        self._optimiser = self._fresh_optimiser()

    def _fresh_optimiser(self) -> torch.optim.Adam | None:
        groups = gaussian_groups(self.parameters, self._rates)
        return torch.optim.Adam(groups, eps=GAUSSIAN_EPSILON, fused=True) if groups else None

    def tensors(self) -> dict[str, Tensor]:
        """The Gaussians as plain tensors."""
        return {name: value.detach().clone() for name, value in self.parameters.items()}

    def state(self) -> dict[str, Any]:
        """Tensors and optimiser."""
        return {"tensors": self.tensors(), "optimiser": self._optimiser.state_dict()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned; the number of Gaussians may be another."""
        self.parameters = {
            name: torch.nn.Parameter(value.to(self.means.device), requires_grad=name in self._rates)
            for name, value in state["tensors"].items()
        }
        self._optimiser = self._fresh_optimiser()
        self._optimiser.load_state_dict(state["optimiser"])
