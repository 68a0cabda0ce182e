"""The mouth branch: teeth, tongue and the dark between them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from methods.ua3dtalk.data.frames import TrainingFrame
from methods.ua3dtalk.field.conditions import Offsets
from methods.ua3dtalk.field.deformation import MouthField
from methods.ua3dtalk.scene.density import soften_green
from methods.ua3dtalk.training.branch import Branch, Rendering
from methods.ua3dtalk.training.losses import alpha_outside, photometric
from methods.ua3dtalk.training.perceptual import patch_side, patches
from methods.ua3dtalk.training.sampling import FrameOrder, in_parted_window
from methods.ua3dtalk.training.schedule import ALPHA_WEIGHT

PATCH_PERCEPTUAL_WEIGHT = 0.5
PATCH_SIDES = (32, 42)


class MouthBranch(Branch):
    """Trains the mouth's Gaussians and field on the pixels where the mouth is open.

    In the rest of the square around the lips colour is free, since the face covers it. Opacity is
    trained to be 1 in the whole square, so that opening lips uncover something, and 0 elsewhere.
    """

    name = "mouth"
    field_type = MouthField

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        visible = self.data.shown[self.data.face.open[self.data.shown]]
        self.open_order = FrameOrder(visible, self.order.seed)

    @staticmethod
    def field_seed(seed: int) -> int:
        """Seed of the field's initial weights."""
        return int(np.random.SeedSequence((seed, 1)).generate_state(1)[0])

    def pick(self, i: int, rng: np.random.Generator) -> int:
        """Widest lips in the warm-up; then open mouths, some by a window; last all frames."""
        done, parted = self.schedule.selected(i), self.data.face.parted
        if not self.schedule.is_warm(i):
            return self.order.chosen(i, in_parted_window(parted, 0), rng)
        if done is None:
            return self.order.regular(i)
        if i % self.options.select_every == 0:
            return self.open_order.chosen(i, in_parted_window(parted, done), rng)
        return self.open_order.regular(i)

    def loss(
        self, i: int, frame: TrainingFrame, rendering: Rendering, offsets: Offsets | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Photometric loss, and after the warm-up the opacity's."""
        inside, ground = frame.region("mouth"), rendering.background
        lips = torch.zeros_like(inside)
        lips[frame.lips] = True
        image = torch.where(lips & ~inside, ground, rendering.image)
        target = torch.where(inside, frame.image, ground)
        loss = photometric(image, target)
        if offsets is not None:
            loss = loss + ALPHA_WEIGHT * alpha_outside(rendering.alpha, lips)
        if self.perceptual is not None and self.schedule.uses_perceptual(i):
            side = patch_side(PATCH_SIDES, self.draws.generator)
            pair = [patches(each, side) for each in (image, target)]
            loss = loss + PATCH_PERCEPTUAL_WEIGHT * self.perceptual(*pair)
        return loss, image, target

    def control_green(self, i: int, colours: Tensor) -> None:
        """Make green Gaussians faint and small, with each densification."""
        if self.schedule.observes(i):
            soften_green(self.cloud.gaussians, colours)
