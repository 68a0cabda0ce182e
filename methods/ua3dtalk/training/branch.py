"""What the face branch and the mouth branch share: a cloud of Gaussians and the field moving it."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from methods.ua3dtalk.config import Settings
from methods.ua3dtalk.data.crops import Crops
from methods.ua3dtalk.data.frames import GREEN, TrainingCrop, TrainingData
from methods.ua3dtalk.field.conditions import Offsets
from methods.ua3dtalk.field.deformation import DeformationField
from methods.ua3dtalk.scene.cloud import Cloud
from methods.ua3dtalk.scene.optimizers import motion_optimizer, set_rates
from methods.ua3dtalk.scene.seeding import random_points, silhouette_points
from methods.ua3dtalk.training.loop import STAGES, Draws
from methods.ua3dtalk.training.losses import psnr
from methods.ua3dtalk.training.perceptual import PatchPerceptual
from methods.ua3dtalk.training.sampling import FrameOrder
from methods.ua3dtalk.training.schedule import schedule_of

#: Steps, as a part of the schedule, after which colour gains one more degree of harmonics.
SH_STEP = 0.02


@dataclass(frozen=True)
class Rendering:
    """One rendered crop: image float32 [3,h,w] over green, alpha float32 [h,w]."""

    image: Tensor
    alpha: Tensor
    meta: dict[str, Any]


class Branch(abc.ABC):
    """A stage that trains one cloud with its field; the two branches differ in the loss.

    The same seed gives the same start. Each branch draws from a stream of its own: how large the
    face is must not change the mouth's start, or no two variants of the face could share a mouth.

    Args:
        data: of the training set.
        settings: of the fit.
        seed: of every draw.
        perceptual: LPIPS, where it can take part.

    """

    name: ClassVar[str]
    field_type: ClassVar[type[DeformationField]]
    rate_option: ClassVar[str]  # of `TrainConfig`: factor on the field's learning rates
    cloud_share: ClassVar[float] = 1.0  # of `TrainConfig.max_gaussians`

    def __init__(
        self, data: TrainingData, settings: Settings, seed: int, perceptual: PatchPerceptual | None
    ) -> None:
        self.data, self.config, self.perceptual = data, settings.train, perceptual
        self.iterations = getattr(self.config, f"{self.name}_iterations")
        self.schedule = schedule_of(self.name, self.iterations)
        self.crops, frames = self.seen(data)
        self.cloud = self._cloud(settings.field.bound, seed)
        with torch.random.fork_rng():
            torch.manual_seed(self.field_seed(seed))
            self.field = self.field_type(settings.field).to(data.device)
        rate = getattr(self.config, self.rate_option)
        self.motion = motion_optimizer(self.field, rate, self.config.audio_rate)
        self.draws = Draws(seed, self.name)
        self.order = FrameOrder(frames, seed * len(STAGES) + STAGES.index(self.name))
        self.background = torch.tensor([GREEN], device=data.device)
        self.max_gaussians = max(1, round(self.config.max_gaussians * self.cloud_share))

    def _cloud(self, bound: float, seed: int) -> Cloud:
        rng = np.random.default_rng((seed, 17, STAGES.index(self.name)))
        count = getattr(self.config, f"{self.name}_gaussians")
        if self.config.init == "random":
            seeds = random_points(count, bound, rng)
        else:
            seeds = silhouette_points(self.data, self.name, count, bound, rng)
        return Cloud.seeded(*seeds, self.config, self.data.device)

    @staticmethod
    def field_seed(seed: int) -> int:
        """Seed of the field's initial weights."""
        return seed

    @staticmethod
    @abc.abstractmethod
    def seen(data: TrainingData) -> tuple[Crops, np.ndarray]:
        """What of a frame a step renders, and the frames that the branch learns from."""

    @abc.abstractmethod
    def frame(self, i: int, rng: np.random.Generator) -> int:
        """Which frame step i sees."""

    @abc.abstractmethod
    def loss(
        self, i: int, crop: TrainingCrop, rendering: Rendering, offsets: Offsets | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The loss of one step, and the image and target [3,h,w] that it compared."""

    def step(self, i: int) -> dict[str, Any]:
        """Do iteration i: one frame, one gradient step, and density control when it is due."""
        crop = self.data.crop(self.frame(i, self.draws.at(i)), self.crops)
        set_rates(self.motion.param_groups, self.schedule.motion_factor(i))
        self.cloud.set_means_rate(self.schedule.means_rate(i))
        offsets = None
        if self.schedule.is_warm(i):
            offsets = self.field(
                self.cloud.means,
                self.data.conditions(crop.frame),
                stage=self.schedule.fusion_stage(i),
                generator=self.draws.generator,
            )
        rendering = self.render(crop, offsets, self.sh_degree(i))
        observed = self.schedule.observes(i)
        if observed:
            rendering.meta["means2d"].retain_grad()
        loss, image, target = self.loss(i, crop, rendering, offsets)
        loss.backward()
        if observed:
            self.cloud.density.observe(rendering.meta)
        self.cloud.optimize()
        if offsets is not None:
            self.motion.step()
            self.motion.zero_grad(set_to_none=True)
        if self.schedule.densifies(i, self.config.densify_every):
            self.cloud.density.control(
                self.cloud.gaussians,
                self.cloud.optimizer,
                threshold=self.config.densify_threshold,
                min_opacity=self.schedule.min_opacity(i),
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
        return min(self.config.sh_degree, i // max(1, self.schedule.at(SH_STEP)))

    def render(self, crop: TrainingCrop, offsets: Offsets | None, sh_degree: int) -> Rendering:
        """Splat the moved cloud over green."""
        image, alpha, meta = self.cloud.splat(
            crop, offsets, sh_degree=sh_degree, background=self.background
        )
        return Rendering(image[0].permute(2, 0, 1), alpha[0, ..., 0], meta)

    def state(self) -> dict[str, Any]:
        """Cloud, field and both optimizers."""
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
