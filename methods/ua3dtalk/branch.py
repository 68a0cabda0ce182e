"""What the face branch and the mouth branch share: a cloud of Gaussians and the field moving it."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from methods.ua3dtalk.cloud import Cloud
from methods.ua3dtalk.config import TrainConfig
from methods.ua3dtalk.data import GREEN, TrainingData, View
from methods.ua3dtalk.field import FaceField, MouthField, Offsets
from methods.ua3dtalk.loop import STAGES, Draws
from methods.ua3dtalk.losses import photometric, psnr
from methods.ua3dtalk.optimisers import motion_optimiser, set_rates
from methods.ua3dtalk.perceptual import PatchPerceptual
from methods.ua3dtalk.sampling import FrameOrder
from methods.ua3dtalk.schedule import Course
from methods.ua3dtalk.windows import Windows

#: Steps, as a part of the course, after which colour gains one more degree of harmonics.
SH_STEP = 0.02


@dataclass(frozen=True)
class Rendering:
    """One rendered window: image float32 [3,h,w] over green, alpha float32 [h,w]."""

    image: Tensor
    alpha: Tensor
    meta: dict[str, Any]


class Branch(abc.ABC):
    """A stage that trains one cloud with its field; the two branches differ in the loss.

    Args:
        cloud: where the Gaussians start.
        field: of the branch.
        data: the training part.
        windows: what of each frame a step renders.
        frames: indices of the frames that the branch learns from.
        course: when what happens.
        config: the run's settings.
        motion_rate: factor on the field's learning rates.
        seed: of every draw.
        perceptual: LPIPS, where it can take part.

    """

    name = ""
    cloud_share = 1.0

    def __init__(
        self,
        cloud: Cloud,
        field: FaceField | MouthField,
        data: TrainingData,
        windows: Windows,
        frames: np.ndarray,
        course: Course,
        config: TrainConfig,
        motion_rate: float,
        seed: int,
        perceptual: PatchPerceptual | None,
    ) -> None:
        self.cloud, self.field, self.data, self.windows = cloud, field, data, windows
        self.course, self.config, self.perceptual = course, config, perceptual
        self.iterations = course.iterations
        self.motion = motion_optimiser(field, motion_rate, config.audio_rate)
        self.draws = Draws(seed, self.name)
        self.order = FrameOrder(frames, seed * len(STAGES) + STAGES.index(self.name))
        self.background = torch.tensor([GREEN], device=data.device)
        self.max_gaussians = max(1, round(config.max_gaussians * self.cloud_share))

    @abc.abstractmethod
    def frame(self, i: int, rng: np.random.Generator) -> int:
        """Which frame step i sees."""

    @abc.abstractmethod
    def loss(
        self, i: int, view: View, rendering: Rendering, offsets: Offsets | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The loss of one step, and the image and target [3,h,w] that it compared."""

    def step(self, i: int) -> dict[str, Any]:
        """Do iteration i: one frame, one gradient step, and density control when it is due."""
        view = self.data.view(self.frame(i, self.draws.at(i)), self.windows)
        set_rates(self.motion.param_groups, self.course.motion_factor(i))
        self.cloud.set_means_rate(self.course.means_rate(i))
        offsets = None
        if self.course.is_warm(i):
            offsets = self.field(
                self.cloud.means,
                self.data.conditions(view.frame),
                stage=self.course.fusion_stage(i),
                generator=self.draws.generator,
            )
        rendering = self.render(view, offsets, self.sh_degree(i))
        watches = self.course.watches(i)
        if watches:
            rendering.meta["means2d"].retain_grad()
        loss, image, target = self.loss(i, view, rendering, offsets)
        loss.backward()
        if watches:
            self.cloud.density.observe(rendering.meta)
        self.cloud.optimise()
        if offsets is not None:
            self.motion.step()
            self.motion.zero_grad(set_to_none=True)
        if self.course.densifies(i, self.config.densify_every):
            self.cloud.density.control(
                self.cloud.gaussians,
                self.cloud.optimiser,
                threshold=self.config.densify_threshold,
                min_opacity=self.course.min_opacity(i),
                most=self.max_gaussians,
                generator=self.draws.generator,
            )
        return {
            "loss": loss.detach(),
            "psnr": lambda: psnr(image, target),
            "gaussians": len(self.cloud),
        }

    def sh_degree(self, i: int) -> int:
        """Degree of the harmonics that colour has at step i."""
        return min(self.config.sh_degree, i // max(1, self.course.at(SH_STEP)))

    def render(self, view: View, offsets: Offsets | None, sh_degree: int) -> Rendering:
        """Splat the moved cloud over green."""
        image, alpha, meta = self.cloud.splat(
            view, offsets, sh_degree=sh_degree, background=self.background
        )
        return Rendering(image[0].permute(2, 0, 1), alpha[0, ..., 0], meta)

    def compare(self, image: Tensor, target: Tensor) -> Tensor:
        """L1 and D-SSIM of two images [3,h,w]."""
        return photometric(image.contiguous(), target)

    def state(self) -> dict[str, Any]:
        """Cloud, field and both optimisers."""
        return {
            "cloud": self.cloud.state(),
            "field": self.field.state_dict(),
            "motion": self.motion.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        self.cloud.restore(state["cloud"])
        self.field.load_state_dict(state["field"])
        self.motion.load_state_dict(state["motion"])
