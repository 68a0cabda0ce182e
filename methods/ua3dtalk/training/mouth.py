"""The mouth branch: teeth, tongue and the dark between them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from methods.ua3dtalk.data.crops import Crops
from methods.ua3dtalk.data.frames import MOUTH_MARGIN, TrainingCrop, TrainingData
from methods.ua3dtalk.field.conditions import Offsets
from methods.ua3dtalk.field.deformation import MouthField
from methods.ua3dtalk.training.branch import Branch, Rendering
from methods.ua3dtalk.training.losses import alpha_outside, photometric
from methods.ua3dtalk.training.perceptual import random_patch
from methods.ua3dtalk.training.schedule import ALPHA_WEIGHT, MOUTH_SELECT_EVERY

PATCH_PERCEPTUAL_WEIGHT = 0.5
PATCH_SIZES = (32, 42)


class MouthBranch(Branch):
    """Trains the mouth's Gaussians and field on the pixels where the mouth is open.

    Elsewhere colour is free, since the face covers it. Opacity is trained to be 1 in the whole
    rectangle of the lips, so that opening lips uncover something, and 0 elsewhere.
    """

    name = "mouth"
    field_type = MouthField
    rate_option = "mouth_motion_rate"
    cloud_share = 0.25

    @staticmethod
    def field_seed(seed: int) -> int:
        """Seed of the field's initial weights."""
        return int(np.random.SeedSequence((seed, 1)).generate_state(1)[0])

    @staticmethod
    def seen(data: TrainingData) -> tuple[Crops, np.ndarray]:
        """The mouth, in all frames that show its inside."""
        return data.mouth_crops, np.flatnonzero(data.mouth_open > 0)

    def frame(self, i: int, rng: np.random.Generator) -> int:
        """The regular frame; every 7th step one by mouth opening."""
        if i % MOUTH_SELECT_EVERY == 0:
            window = self.schedule.select_window(i)
            if window is not None:
                return self.order.selected(i, self.data.mouth_open, window, rng)
        return self.order.regular(i)

    def loss(
        self, i: int, crop: TrainingCrop, rendering: Rendering, offsets: Offsets | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Photometric loss inside of the mouth, and after the warm-up the opacity's."""
        inside, green = crop.region("mouth"), self.background.view(3, 1, 1)
        image = torch.where(inside, rendering.image, green)
        target = torch.where(inside, crop.image, green)
        loss = photometric(image, target)
        if offsets is not None:
            lips = torch.zeros_like(inside)
            lips[MOUTH_MARGIN:-MOUTH_MARGIN, MOUTH_MARGIN:-MOUTH_MARGIN] = True
            loss = loss + ALPHA_WEIGHT * alpha_outside(rendering.alpha, lips)
        if self.perceptual is not None and self.schedule.uses_perceptual(i):
            patches = random_patch([image, target], PATCH_SIZES, self.draws.generator)
            loss = loss + PATCH_PERCEPTUAL_WEIGHT * self.perceptual(*patches)
        return loss, image, target
