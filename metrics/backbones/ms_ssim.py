"""The coarser scales of multi-scale SSIM, by the two ways of pooling (Wang et al. 2003)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from metrics.backbones.ssim import BORDER, black, blur, levels, planes_of, slide, terms
from metrics.common.frames import each_frame


def coarser_scales(prediction: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What multi-scale SSIM takes from the scales 1/2, 1/4, 1/8 and 1/16 of uint8 RGB [B,H,W,3].

    Returns:
        Two arrays float64 [4,B,3]: the contrast-structure of each channel at the first three,
        and the SSIM of the last. First as pytorch-msssim does it (odd sizes pooled with zeros
        around, no borders), then as torchmetrics (odd lines dropped, borders of the last scale
        mirrored).

    """
    pairs = each_frame(
        lambda i: _pyramids(torch.stack([levels(prediction[i]), levels(truth[i])])), len(truth)
    )
    padded, plain = (torch.stack(side, 1).numpy() for side in zip(*pairs, strict=True))
    return padded, plain


def _pyramids(pair: Tensor) -> tuple[Tensor, Tensor]:
    """The scales of x and y [2,3,H,W] by both ways of pooling, float64 [4,3] each."""
    pad, plain = [], []
    padded, dropped = pair, pair
    for scale in range(4):
        same = padded is dropped and not any(size % 2 for size in padded.shape[-2:])
        padded = avg_pool2d(padded, 2, padding=[size % 2 for size in padded.shape[-2:]])
        dropped = padded if same else avg_pool2d(dropped, 2)
        last = scale == 3
        inner, whole = _scale(padded, last)
        pad.append(inner)
        plain.append(whole if same else _scale(dropped, last)[1])
    return torch.stack(pad), torch.stack(plain)


def _scale(pair: Tensor, last: bool) -> tuple[Tensor, Tensor]:
    """Channel means of one scale, without and with mirrored borders; float64 [3] each."""
    _, _, height, width = pair.shape
    planes, centre = planes_of(*pair)
    if not last:
        averages = slide(slide(planes, -2), -1)
        contrast = terms(averages, centre)[1].mean((1, 2), dtype=torch.float64)
        return contrast, contrast
    luminance, contrast = terms(blur(planes, black(centre)), centre)
    values = (luminance * contrast)[:, :height, :width]
    inside = values[:, : height - 2 * BORDER, : width - 2 * BORDER]
    return inside.mean((1, 2), dtype=torch.float64), values.mean((1, 2), dtype=torch.float64)
