"""The synthetic domain's face regressor: 68 landmarks, expression, and whether there is a face."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

#: Side of the square picture the network sees; frames of any size are fitted into it.
SIZE = 128
#: Side of the landmark heat maps.
CELLS = 32
POINTS, EXPRESSIONS = 68, 24


class FaceOutput(NamedTuple):
    """What the regressor says of a batch."""

    landmarks: Tensor  # [B,68,2], pixels of the 128x128 picture, pixel centres at +0.5
    expression: Tensor  # [B,24], basis `synthetic`, full scale 1
    presence: Tensor  # [B], logit: positive where there is a face


def fit_square(
    frames: np.ndarray, device: str = "cpu"
) -> tuple[Tensor, float, tuple[float, float]]:
    """Frames as network input: edge-padded to a square, resized to 128x128 with antialiasing.

    Args:
        frames: uint8 RGB [B,H,W,3].
        device: where the tensor goes.

    Returns:
        float32 [B,3,128,128] in [0,1]; pixels of the frame per pixel of the picture; and the
        frame's (x, y) of the picture's corner, so that frame = picture * scale + corner.

    """
    height, width = frames.shape[1:3]
    side = max(height, width)
    left, top = (side - width) // 2, (side - height) // 2
    x = torch.from_numpy(np.array(frames)).to(device).permute(0, 3, 1, 2).float() / 255
    if height != width:
        pads = (left, side - width - left, top, side - height - top)
        x = F.pad(x, pads, mode="replicate")
    if side != SIZE:
        x = F.interpolate(x, (SIZE, SIZE), mode="bilinear", antialias=True, align_corners=False)
    return x, side / SIZE, (-float(left), -float(top))


def _conv(i: int, o: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU())


class FaceNet(nn.Module):
    """An hourglass to landmark heat maps, and a head that looks again at the landmarks."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(_conv(3, 24, 2), _conv(24, 40, 2), _conv(40, 48))
        self.down1 = nn.Sequential(_conv(48, 64, 2), _conv(64, 64))
        self.down2 = nn.Sequential(_conv(64, 96, 2), _conv(96, 96))
        self.up2 = nn.Conv2d(96, 64, 1)
        self.up1 = nn.Conv2d(64, 48, 1)
        self.mix = _conv(48, 48)
        self.heat = nn.Conv2d(48, POINTS, 1)
        self.local = nn.Conv2d(48, 12, 1)
        self.shape = nn.Sequential(
            nn.Linear(POINTS * 12 + POINTS * 2 + 96, 192), nn.ReLU(), nn.Linear(192, EXPRESSIONS)
        )
        self.presence = nn.Linear(96, 1)
        centres = (torch.arange(CELLS) + 0.5) * (SIZE / CELLS)
        self.register_buffer("centres", centres, persistent=False)

    def forward(self, x: Tensor) -> FaceOutput:
        """Regress x [B,3,128,128] in [0,1]."""
        fine = self.stem((x - 0.5) / 0.25)
        middle = self.down1(fine)
        coarse = self.down2(middle)
        middle = middle + F.interpolate(self.up2(coarse), scale_factor=2, mode="bilinear")
        fine = self.mix(fine + F.interpolate(self.up1(middle), scale_factor=2, mode="bilinear"))
        weight = self.heat(fine).flatten(2).softmax(-1).unflatten(2, (CELLS, CELLS))
        points = torch.stack(
            [(weight.sum(2) * self.centres).sum(-1), (weight.sum(3) * self.centres).sum(-1)], -1
        )
        pooled = coarse.mean((2, 3))
        # The expression must not pull the landmarks away from where they are.
        fixed = points.detach()
        grid = (fixed / SIZE * 2 - 1)[:, None]
        seen = F.grid_sample(self.local(fine), grid, align_corners=False).flatten(1)
        centred = (fixed - fixed.mean(1, keepdim=True)) / (SIZE / 4)
        expression = self.shape(torch.cat([seen, centred.flatten(1), pooled], 1))
        return FaceOutput(points, expression, self.presence(pooled)[:, 0])
