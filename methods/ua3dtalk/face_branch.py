"""The face branch: everything of the head but the inside of the mouth."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from methods.ua3dtalk.branch import Branch, Rendering
from methods.ua3dtalk.data import View
from methods.ua3dtalk.field import Offsets
from methods.ua3dtalk.losses import alpha_outside, attention_inside, motion_size
from methods.ua3dtalk.perceptual import random_patch
from methods.ua3dtalk.schedule import (
    ALPHA_WEIGHT,
    FACE_SELECT_EVERY,
    MOTION_WEIGHT,
)

LIPS_PERCEPTUAL_WEIGHT = 0.01
PATCH_PERCEPTUAL_WEIGHT = 0.2
PATCH_SIZES = (64, 96)


class FaceBranch(Branch):
    """Trains the face's Gaussians and field against the head with a green mouth interior."""

    name = "face"

    def frame(self, i: int, rng: np.random.Generator) -> int:
        """The regular frame; every 15th step one by mouth opening, later by blink."""
        if i % FACE_SELECT_EVERY == 0:
            warm = self.course.is_warm(i)
            signal = self.data.blink if warm else self.data.mouth_open
            window = (
                self.course.select_window(i, self.course.warm_up)
                if warm
                else self.course.warm_up_window(i)
            )
            if signal is not None and window is not None:
                return self.order.selected(i, signal, window, rng)
        return self.order.regular(i)

    def loss(
        self, i: int, view: View, rendering: Rendering, offsets: Offsets | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Photometric loss, and after the warm-up the regularisers (papers: UA-3DTalk, TG)."""
        inside = view.region("head") & ~view.region("mouth")
        target = torch.where(inside, view.image, self.background.view(3, 1, 1))
        loss = self.compare(rendering.image, target)
        if offsets is not None:
            loss = loss + MOTION_WEIGHT * motion_size(offsets)
            loss = loss + ALPHA_WEIGHT * alpha_outside(rendering.alpha, inside)
            if self.config.attention_weight:
                loss = loss + self.config.attention_weight * self._attention(view, offsets)
        if self.perceptual is not None and self.course.uses_perceptual(i):
            loss = loss + self._perceptual(view, rendering.image, target)
        return loss, rendering.image, target

    def _attention(self, view: View, offsets: Offsets) -> Tensor:
        """Action units have no say at the lips, and no modality has any in the hair."""
        maps = self.cloud.splat_values(view, offsets, torch.stack([*offsets.attention.values()], 1))
        attention = dict(zip(offsets.attention, maps.unbind(-1), strict=True))
        hair = view.region("hair")
        total = torch.stack([attention_inside(a, hair) for a in attention.values()]).sum()
        if "au" in attention:
            rows, columns = self._lips(view)
            total = total + attention["au"][rows, columns].mean()
        return total

    def _lips(self, view: View) -> tuple[slice, slice]:
        """The lips' rectangle in this window's own pixels."""
        return self.data.mouth_windows.inside(self.windows, view.frame)

    def _perceptual(self, view: View, image: Tensor, target: Tensor) -> Tensor:
        """LPIPS of the lips, and of a random patch of the rest."""
        rows, columns = self._lips(view)
        lips = self.perceptual(image[:, rows, columns], target[:, rows, columns])
        blank = torch.ones_like(image[:1])
        blank[:, rows, columns] = 0
        patches = random_patch([image * blank, target * blank], PATCH_SIZES, self.draws.generator)
        return LIPS_PERCEPTUAL_WEIGHT * lips + PATCH_PERCEPTUAL_WEIGHT * self.perceptual(*patches)
