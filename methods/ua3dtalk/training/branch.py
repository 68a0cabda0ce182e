"""What the face branch and the mouth branch share: a cloud of Gaussians and the field moving it."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from methods.ua3dtalk.config import Settings
from methods.ua3dtalk.data.frames import TrainingData, TrainingFrame
from methods.ua3dtalk.field.conditions import Offsets
from methods.ua3dtalk.field.deformation import DeformationField
from methods.ua3dtalk.scene.cloud import Cloud
from methods.ua3dtalk.scene.density import view_colours
from methods.ua3dtalk.scene.optimizers import motion_optimizer, set_rates
from methods.ua3dtalk.scene.seeding import random_points, silhouette_points
from methods.ua3dtalk.training.loop import STAGES, Draws
from methods.ua3dtalk.training.losses import psnr
from methods.ua3dtalk.training.perceptual import PatchPerceptual
from methods.ua3dtalk.training.sampling import FrameOrder
from methods.ua3dtalk.training.schedule import schedule_of

#: Steps, as a part of the schedule, after which colour gains one more degree of harmonics.
SH_STEP = 0.02
GREEN, BLACK = (0.0, 1.0, 0.0), (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Rendering:
    """One rendered frame: image float32 [3,H,W] over a background, alpha float32 [H,W]."""

    image: Tensor
    alpha: Tensor
    background: Tensor  # float32 [3,1,1]
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

    def __init__(
        self, data: TrainingData, settings: Settings, seed: int, perceptual: PatchPerceptual | None
    ) -> None:
        self.data, self.config, self.perceptual = data, settings.train, perceptual
        self.options = settings.train.branch(self.name)
        self.iterations = self.options.iterations
        self.schedule = schedule_of(self.name, self.iterations, settings.train.attention_from)
        self.cloud = self._cloud(settings.field.bound, seed)
        with torch.random.fork_rng():
            torch.manual_seed(self.field_seed(seed))
            self.field = self.field_type(settings.field).to(data.device)
        self.motion = motion_optimizer(self.field, self.options.motion_rate)
        self.draws = Draws(seed, self.name)
        self.order = FrameOrder(data.shown, seed * len(STAGES) + STAGES.index(self.name))

    def _cloud(self, bound: float, seed: int) -> Cloud:
        rng = np.random.default_rng((seed, 17, STAGES.index(self.name)))
        count = self.options.gaussians
        if self.config.init == "random":
            seeds = random_points(count, bound, rng)
        else:
            seeds = silhouette_points(self.data, self.name, count, bound, rng)
        means_rate = self.data.extent * self.options.motion_rate
        return Cloud.seeded(*seeds, self.config, means_rate, self.data.device)

    @staticmethod
    def field_seed(seed: int) -> int:
        """Seed of the field's initial weights."""
        return seed

    @abc.abstractmethod
    def pick(self, i: int, rng: np.random.Generator) -> int:
        """Which frame step i sees."""

    @abc.abstractmethod
    def loss(
        self, i: int, frame: TrainingFrame, rendering: Rendering, offsets: Offsets | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The loss of one step, and the image and target [3,H,W] that it compared."""

    @abc.abstractmethod
    def control_green(self, i: int, colours: Tensor) -> None:
        """Deal with Gaussians that show the screen's colour, when iteration i ends with a look.

        Args:
            i: the iteration.
            colours: [N,3], as the camera of this iteration sees them.

        """

    def step(self, i: int) -> dict[str, Any]:
        """Do iteration i: one frame, one gradient step, and density control when it is due."""
        frame = self.data.frame(self.pick(i, self.draws.at(i)))
        set_rates(self.motion.param_groups, self.schedule.motion_factor(i))
        self.cloud.set_means_rate(self.schedule.means_rate(i))
        frozen = self.schedule.is_frozen(i)
        if frozen:
            self.cloud.freeze_shape()
        offsets = None
        if self.schedule.is_warm(i):
            with torch.set_grad_enabled(not frozen):
                offsets = self.field(
                    self.cloud.means,
                    self.data.conditions(frame.index),
                    stage=self.schedule.fusion_stage(i),
                    generator=self.draws.generator,
                )
        rendering = self.render(frame, offsets, self.sh_degree(i), BLACK if frozen else GREEN)
        observed = self.schedule.observes(i)
        if observed:
            rendering.meta["means2d"].retain_grad()
        loss, image, target = self.loss(i, frame, rendering, offsets)
        loss.backward()
        if observed:
            self.cloud.density.observe(rendering.meta)
        self.cloud.optimize()
        if offsets is not None and not frozen:
            self.motion.step()
            self.motion.zero_grad(set_to_none=True)
        self._control(i, frame)
        return {
            "loss": loss.detach(),
            "psnr": lambda: psnr(image, target),
            "gaussians": len(self.cloud),
        }

    def _control(self, i: int, frame: TrainingFrame) -> None:
        """Change the Gaussians' number, and deal with green ones."""
        if self.schedule.densifies(i, self.config.densify_every):
            self.cloud.density.control(
                self.cloud.gaussians,
                self.cloud.optimizer,
                threshold=self.options.densify_threshold,
                min_opacity=self.schedule.min_opacity(i),
                extent=self.data.extent,
                prune_large=self.schedule.prunes_large(i),
                most=self.options.max_gaussians,
                generator=self.draws.generator,
            )
        if self.schedule.controls(i, self.config.densify_every):
            degree = self.sh_degree(i)
            self.control_green(i, view_colours(self.cloud.gaussians, frame.centre, degree))

    def sh_degree(self, i: int) -> int:
        """Degree of the harmonics that colour has at step i."""
        return min(self.config.sh_degree, i // max(1, self.schedule.at(SH_STEP)))

    def render(
        self,
        frame: TrainingFrame,
        offsets: Offsets | None,
        sh_degree: int,
        background: tuple[float, float, float],
    ) -> Rendering:
        """Splat the moved cloud over a background."""
        colour = torch.tensor(background, device=self.data.device)
        image, alpha, meta = self.cloud.splat(
            frame, offsets, sh_degree=sh_degree, background=colour[None]
        )
        return Rendering(image[0].permute(2, 0, 1), alpha[0, ..., 0], colour[:, None, None], meta)

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
