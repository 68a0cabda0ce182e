"""The mouth branch: teeth, tongue and the dark between them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from methods.ua3dtalk.branch import Branch, Rendering
from methods.ua3dtalk.data import MOUTH_MARGIN, View
from methods.ua3dtalk.field import Offsets
from methods.ua3dtalk.losses import alpha_outside
from methods.ua3dtalk.perceptual import random_patch
from methods.ua3dtalk.schedule import ALPHA_WEIGHT, MOUTH_SELECT_EVERY

PATCH_PERCEPTUAL_WEIGHT = 0.5
PATCH_SIZES = (32, 42)


class MouthBranch(Branch):
    """Trains the mouth's Gaussians and field on the pixels where the mouth is open.

    Elsewhere nothing is asked of colour: the face will cover it. Opacity is asked for in the
    whole rectangle of the lips, so that opening lips uncover something, and nowhere else.
    """

    name = "mouth"
    cloud_share = 0.25

    def frame(self, i: int, rng: np.random.Generator) -> int:
        """The regular frame; every 7th step one by mouth opening."""
        if i % MOUTH_SELECT_EVERY == 0:
            window = self.course.select_window(i)
            if window is not None:
                return self.order.selected(i, self.data.mouth_open, window, rng)
        return self.order.regular(i)

    def loss(
        self, i: int, view: View, rendering: Rendering, offsets: Offsets | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Photometric loss inside of the mouth, and after the warm-up the opacity's."""
        inside, green = view.region("mouth"), self.background.view(3, 1, 1)
        image = torch.where(inside, rendering.image, green)
        target = torch.where(inside, view.image, green)
        loss = self.compare(image, target)
        if offsets is not None:
            lips = torch.zeros_like(inside)
            lips[MOUTH_MARGIN:-MOUTH_MARGIN, MOUTH_MARGIN:-MOUTH_MARGIN] = True
            loss = loss + ALPHA_WEIGHT * alpha_outside(rendering.alpha, lips)
        if self.perceptual is not None and self.course.uses_perceptual(i):
            patches = random_patch([image, target], PATCH_SIZES, self.draws.generator)
            loss = loss + PATCH_PERCEPTUAL_WEIGHT * self.perceptual(*patches)
        return loss, image, target
