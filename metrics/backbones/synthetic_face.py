"""The synthetic domain's face regressor: 68 landmarks, expression, and whether there is a face."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

#: Side of the square image the network sees; frames of any size are fitted into it.
SIZE = 128
#: Side of the landmark heat maps.
CELLS = 32
POINTS, EXPRESSIONS = 68, 24
#: Side of the enlarged look over the extent of the landmarks.
ZOOM = 1.25


class FaceOutput(NamedTuple):
    """What the regressor says of a batch."""

    landmarks: Tensor  # [B,68,2], pixels of the 128x128 image, pixel centres at +0.5
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
        float32 [B,3,128,128] in [0,1]; pixels of the frame per pixel of the image; and the
        frame's (x, y) of the image's corner, so that frame = image * scale + corner.

    """
    height, width = frames.shape[1:3]
    side = max(height, width)
    left, top = (side - width) // 2, (side - height) // 2
    x = torch.from_numpy(np.array(frames)).to(device).permute(0, 3, 1, 2).float() / 255
    if height != width:
        pads = (left, side - width - left, top, side - height - top)
        x = F.pad(x, pads, mode="replicate")
    if side > SIZE and side % SIZE == 0:
        x = F.avg_pool2d(x, side // SIZE)  # sharper than a triangle: as if drawn at this size
    elif side != SIZE:
        x = F.interpolate(x, (SIZE, SIZE), mode="bilinear", antialias=True, align_corners=False)
    return x, side / SIZE, (-float(left), -float(top))


def images(frames: np.ndarray) -> tuple[np.ndarray, float, np.ndarray]:
    """`fit_square` as images: uint8 [B,128,128,3], scale, and corner float64 [2]."""
    x, scale, corner = fit_square(frames)
    return (x.permute(0, 2, 3, 1) * 255).round().byte().numpy(), scale, np.array(corner)


def zoom_box(points: Tensor) -> tuple[Tensor, Tensor]:
    """Centre [B,2] and half side [B] of the second look at faces with landmarks [B,68,2]."""
    low, high = points.amin(1), points.amax(1)
    return (low + high) / 2, (high - low).amax(1) * (ZOOM / 2)


def look_twice(net: FaceNet, x: Tensor) -> FaceOutput:
    """Regress images [B,3,128,128]: find the face, then look at it alone, enlarged.

    The second look is at the same 128x128 image, so the answer hardly depends on the size of
    the frame it came from. Whether there is a face is for the first look to say.
    """
    first = net(x)
    centre, half = zoom_box(first.landmarks)
    half = half.clamp_min(SIZE / 16)
    steps = (torch.arange(SIZE, device=x.device) + 0.5) / SIZE * 2 - 1
    across = centre[:, :1] + steps * half[:, None]
    down = centre[:, 1:] + steps * half[:, None]
    grid = torch.stack(
        [across[:, None, :].expand(-1, SIZE, -1), down[:, :, None].expand(-1, -1, SIZE)], -1
    )
    near = F.grid_sample(x, grid / SIZE * 2 - 1, padding_mode="border", align_corners=False)
    second = net(near)
    points = (second.landmarks / SIZE * 2 - 1) * half[:, None, None] + centre[:, None]
    return FaceOutput(points, second.expression, first.presence)


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
        width = POINTS * 12 + POINTS * 2 + 96
        self.shape = nn.Sequential(
            nn.BatchNorm1d(width), nn.Linear(width, 192), nn.GELU(), nn.Linear(192, EXPRESSIONS)
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
