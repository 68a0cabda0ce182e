"""The face branch: everything of the head but the inside of the mouth."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from methods.ua3dtalk.data.frames import TrainingFrame
from methods.ua3dtalk.field.conditions import Offsets
from methods.ua3dtalk.field.deformation import FaceField
from methods.ua3dtalk.training.branch import Branch, Rendering
from methods.ua3dtalk.training.losses import (
    alpha_outside,
    attention_inside,
    eroded,
    motion_size,
    photometric,
)
from methods.ua3dtalk.training.perceptual import PatchPerceptual, patch_side, patches
from methods.ua3dtalk.training.sampling import in_blink_window, in_gap_window
from methods.ua3dtalk.training.schedule import ALPHA_WEIGHT, MOTION_WEIGHT

LIPS_PERCEPTUAL_WEIGHT = 0.01
PATCH_PERCEPTUAL_WEIGHT = 0.2
PATCH_SIDES = (64, 96)
#: By how much the face may cover the mouth's border while LPIPS takes part, as a part of the
#: frame's height: the released 2 pixels at 256. It hides the seam; of a mouth in a small frame
#: two pixels would leave nothing.
SEAM = 2 / 256


class FaceBranch(Branch):
    """Trains the face's Gaussians and field against the head with a green mouth interior."""

    name = "face"
    field_type = FaceField

    def pick(self, i: int, rng: np.random.Generator) -> int:
        """The regular frame; now and then one by mouth opening, after the warm-up by blink."""
        done, face = self.schedule.selected(i), self.data.face
        if done is not None and i % self.options.select_every == 0:
            if not self.schedule.is_warm(i):
                return self.order.chosen(i, in_gap_window(face.gap, done), rng)
            if face.blink is not None:
                return self.order.chosen(i, in_blink_window(face.blink, done), rng)
        return self.order.regular(i)

    def loss(
        self, i: int, frame: TrainingFrame, rendering: Rendering, offsets: Offsets | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Photometric loss, and after the warm-up the regularisers (papers: UA-3DTalk, TG)."""
        mouth, hair = frame.region("mouth"), frame.region("hair")
        perceptual = self.perceptual if self.schedule.uses_perceptual(i) else None
        if perceptual is not None:
            mouth = eroded(mouth, round(SEAM * frame.height))
        image, green = rendering.image, rendering.background
        target = torch.where(frame.region("head") & ~mouth, frame.image, green)
        if not self.schedule.shows_hair(i):
            image, target = (torch.where(hair, green, each) for each in (image, target))
        loss = photometric(image, target)
        if offsets is not None:
            loss = loss + MOTION_WEIGHT * motion_size(offsets)
            loss = loss + ALPHA_WEIGHT * alpha_outside(rendering.alpha, frame.outside_mouth)
            if self.config.attention_weight and self.schedule.limits_attention(i):
                loss = loss + self.config.attention_weight * self._attention(i, frame, offsets)
        if perceptual is not None:
            loss = loss + self._perceptual(perceptual, frame, image, target, green)
        return loss, image, target

    def _attention(self, i: int, frame: TrainingFrame, offsets: Offsets) -> Tensor:
        """Action units must have no effect at the lips, and no modality any in the hair."""
        maps = self.cloud.splat_values(
            frame, offsets, torch.stack([*offsets.attention.values()], 1)
        )
        attention = dict(zip(offsets.attention, maps.unbind(-1), strict=True))
        total = maps.new_zeros(())
        if self.schedule.shows_hair(i):
            hair = frame.region("hair")
            total = torch.stack([attention_inside(a, hair) for a in attention.values()]).sum()
        if "au" in attention:
            total = total + attention["au"][frame.lips].mean()
        return total

    def _perceptual(
        self,
        perceptual: PatchPerceptual,
        frame: TrainingFrame,
        image: Tensor,
        target: Tensor,
        green: Tensor,
    ) -> Tensor:
        """LPIPS of the lips, and of all patches of the rest."""
        rows, columns = frame.lips
        lips = perceptual(image[None, :, rows, columns], target[None, :, rows, columns])
        blank = torch.zeros_like(frame.bits, dtype=torch.bool)
        blank[rows, columns] = True
        side = patch_side(PATCH_SIDES, self.draws.generator)
        rest = [patches(torch.where(blank, green, each), side) for each in (image, target)]
        return LIPS_PERCEPTUAL_WEIGHT * lips + PATCH_PERCEPTUAL_WEIGHT * perceptual(*rest)

    def control_green(self, i: int, colours: Tensor) -> None:
        """Remove green Gaussians, to the end of the training."""
        cloud = self.cloud
        cloud.density.remove_green(cloud.gaussians, cloud.optimizer, colours)
