"""Training losses: photometric, and the regularisers of motion, opacity and attention.

Images are float32 [C,H,W] in [0, 1]. Source of the terms and weights: UA-3DTalk's released
`train_face.py`, `train_mouth.py`, `train_fuse.py` (3DGS's L1 and D-SSIM beneath them).
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from methods.ua3dtalk.field.conditions import Offsets
from methods.ua3dtalk.training.schedule import SSIM_WEIGHT

SSIM_WINDOW = 11
SSIM_SIGMA = 1.5
SSIM_C1, SSIM_C2 = 0.01**2, 0.03**2


@lru_cache(maxsize=32)
def _blur_matrix(size: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Return [size, size]: a Gaussian window along one axis, with zeros beyond the ends."""
    distance = torch.arange(SSIM_WINDOW, dtype=torch.float64) - SSIM_WINDOW // 2
    window = torch.exp(-(distance**2) / (2 * SSIM_SIGMA**2))
    window /= window.sum()
    offset = torch.arange(size)[:, None] - torch.arange(size)[None] + SSIM_WINDOW // 2
    inside = (offset >= 0) & (offset < SSIM_WINDOW)
    matrix = torch.where(inside, window[offset.clamp(0, SSIM_WINDOW - 1)], 0.0)
    return matrix.to(device=device, dtype=dtype)


def _blur(images: Tensor) -> Tensor:
    """Blur [..., H, W] by two banded matrix products.

    On a CPU they are several times quicker than a grouped convolution, forward and backward.
    """
    height, width = images.shape[-2:]
    rows = _blur_matrix(height, images.device, images.dtype)
    columns = _blur_matrix(width, images.device, images.dtype)
    return rows @ (images @ columns.t())


def ssim(image: Tensor, target: Tensor) -> Tensor:
    """Mean structural similarity of two images [C,H,W] with values in [0, 1].

    Gaussian window of 11 and sigma 1.5, zero padding, as 3DGS's `loss_utils.ssim`.
    """
    stack = torch.stack([image, target, image * image, target * target, image * target])
    mean_x, mean_y, square_x, square_y, product = _blur(stack).unbind(0)
    xx, yy, xy = mean_x * mean_x, mean_y * mean_y, mean_x * mean_y
    structure = (2 * (product - xy) + SSIM_C2) / (square_x - xx + square_y - yy + SSIM_C2)
    luminance = (2 * xy + SSIM_C1) / (xx + yy + SSIM_C1)
    return (structure * luminance).mean()


def photometric(image: Tensor, target: Tensor) -> Tensor:
    """L1 + 0.2 (1 - SSIM) of two images [C,H,W]."""
    image = image.contiguous()
    return (image - target).abs().mean() + SSIM_WEIGHT * (1 - ssim(image, target))


def motion_size(offsets: Offsets) -> Tensor:
    """Mean absolute offset, summed over position, rotation and scale (where they exist)."""
    parts = (offsets.means, offsets.quats, offsets.scales)
    return torch.stack([part.abs().mean() for part in parts if part is not None]).sum()


def alpha_outside(alpha: Tensor, inside: Tensor) -> Tensor:
    """Penalty on opacity [H,W] that is low inside a bool mask [H,W] and high outside of it.

    The sum of (1 - alpha) inside and of alpha outside, over the number of all pixels.
    """
    return torch.where(inside, 1 - alpha, alpha).mean()


def attention_inside(attention: Tensor, mask: Tensor) -> Tensor:
    """Mean rendered attention [H,W] over a bool mask [H,W]; 0 for an empty mask."""
    return (attention * mask).sum() / mask.sum().clamp_min(1)


def eroded(mask: Tensor, by: int) -> Tensor:
    """A bool mask [H,W] without its outermost `by` pixels."""
    if by == 0:
        return mask
    outside = (~mask).float()[None, None]
    grown = torch.nn.functional.max_pool2d(outside, 2 * by + 1, stride=1, padding=by)
    return grown[0, 0] == 0


def psnr(image: Tensor, target: Tensor) -> float:
    """Peak signal-to-noise ratio in dB of two images with values in [0, 1], for the record."""
    error = (image.detach() - target).square().mean().clamp_min(1e-10)
    return float(-10 * torch.log10(error))
