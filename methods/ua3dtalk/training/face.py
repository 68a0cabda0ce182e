"""The face branch: everything of the head but the inside of the mouth."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from methods.ua3dtalk.data.crops import Crops
from methods.ua3dtalk.data.frames import TrainingCrop, TrainingData
from methods.ua3dtalk.field.conditions import Offsets
from methods.ua3dtalk.field.deformation import FaceField
from methods.ua3dtalk.training.branch import Branch, Rendering
from methods.ua3dtalk.training.losses import (
    alpha_outside,
    attention_inside,
    motion_size,
    photometric,
)
from methods.ua3dtalk.training.perceptual import PatchPerceptual, random_patch
from methods.ua3dtalk.training.schedule import ALPHA_WEIGHT, FACE_SELECT_EVERY, MOTION_WEIGHT

LIPS_PERCEPTUAL_WEIGHT = 0.01
PATCH_PERCEPTUAL_WEIGHT = 0.2
PATCH_SIZES = (64, 96)


class FaceBranch(Branch):
    """Trains the face's Gaussians and field against the head with a green mouth interior."""

    name = "face"
    field_type = FaceField
    rate_option = "motion_rate"

    @staticmethod
    def seen(data: TrainingData) -> tuple[Crops, np.ndarray]:
        """The head, in all frames that show it."""
        return data.head_crops, data.shown

    def frame(self, i: int, rng: np.random.Generator) -> int:
        """The regular frame; every 15th step one by mouth opening, later by blink."""
        if i % FACE_SELECT_EVERY == 0:
            warm = self.schedule.is_warm(i)
            signal = self.data.blink if warm else self.data.mouth_open
            window = (
                self.schedule.select_window(i, self.schedule.warm_up)
                if warm
                else self.schedule.warm_up_window(i)
            )
            if signal is not None and window is not None:
                return self.order.selected(i, signal, window, rng)
        return self.order.regular(i)

    def loss(
        self, i: int, crop: TrainingCrop, rendering: Rendering, offsets: Offsets | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Photometric loss, and after the warm-up the regularisers (papers: UA-3DTalk, TG)."""
        inside = crop.region("head") & ~crop.region("mouth")
        target = torch.where(inside, crop.image, self.background.view(3, 1, 1))
        loss = photometric(rendering.image, target)
        if offsets is not None:
            loss = loss + MOTION_WEIGHT * motion_size(offsets)
            loss = loss + ALPHA_WEIGHT * alpha_outside(rendering.alpha, inside)
            if self.config.attention_weight:
                loss = loss + self.config.attention_weight * self._attention(crop, offsets)
        if self.perceptual is not None and self.schedule.uses_perceptual(i):
            loss = loss + self._patches(self.perceptual, crop, rendering.image, target)
        return loss, rendering.image, target

    def _attention(self, crop: TrainingCrop, offsets: Offsets) -> Tensor:
        """Action units must have no effect at the lips, and no modality any in the hair."""
        maps = self.cloud.splat_values(crop, offsets, torch.stack([*offsets.attention.values()], 1))
        attention = dict(zip(offsets.attention, maps.unbind(-1), strict=True))
        hair = crop.region("hair")
        total = torch.stack([attention_inside(a, hair) for a in attention.values()]).sum()
        if "au" in attention:
            rows, columns = self._lips(crop)
            total = total + attention["au"][rows, columns].mean()
        return total

    def _lips(self, crop: TrainingCrop) -> tuple[slice, slice]:
        """The lips' rectangle in the pixels of this crop."""
        return self.data.mouth_crops.inside(self.crops, crop.frame)

    def _patches(
        self, perceptual: PatchPerceptual, crop: TrainingCrop, image: Tensor, target: Tensor
    ) -> Tensor:
        """LPIPS of the lips, and of a random patch of the rest."""
        rows, columns = self._lips(crop)
        lips = perceptual(image[:, rows, columns], target[:, rows, columns])
        blank = torch.ones_like(image[:1])
        blank[:, rows, columns] = 0
        patches = random_patch([image * blank, target * blank], PATCH_SIZES, self.draws.generator)
        return LIPS_PERCEPTUAL_WEIGHT * lips + PATCH_PERCEPTUAL_WEIGHT * perceptual(*patches)
