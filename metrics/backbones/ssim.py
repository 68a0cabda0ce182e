"""SSIM under its two windows, all conventions of the border in one pass (Wang et al. 2004).

SSIM needs the local means of x and y, the sum of their variances and their covariance. Written
with the sum s = x + y and the difference d = x - y it is

    ((m_s^2 - m_d^2 + 2 C1) / (m_s^2 + m_d^2 + 2 C1)) ((v_s - v_d + 2 C2) / (v_s + v_d + 2 C2)),

so four windowed averages (s, d, s^2, d^2) serve instead of five, and equal frames give exactly 1.
In 8-bit levels all four are whole numbers; s and d are centred first, which changes no variance
and makes float32 enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

WINDOW, SIGMA, K1, K2, PEAK = 11, 1.5, 0.01, 0.03, 255
BORDER = WINDOW // 2
C1, C2 = (K1 * PEAK) ** 2, (K2 * PEAK) ** 2
#: Width of the uniform window.
BOX = 7


def gaussian_window() -> np.ndarray:
    """The normalised 1-D window, float64 [11]."""
    x = np.arange(WINDOW, dtype=np.float64) - BORDER
    window = np.exp(-(x**2) / (2.0 * SIGMA**2))
    return window / window.sum()


@cache
def edge_weights() -> tuple[Tensor, Tensor]:
    """Blur of the five outermost places at both ends, under two conventions of the border.

    Returns:
        Weights float32 [20,20] and, for each row, the weight that falls outside, float32 [20].
        Rows: the first and the last five places with mirrored borders, then the same places
        with something else outside. Columns: the first and the last ten places of a line.

    """
    window = gaussian_window()
    weights = np.zeros((2, 2, BORDER, 2, 2 * BORDER))  # convention, end, place, end, seen place
    for place in range(BORDER):
        for k, weight in enumerate(window):
            seen = place + k - BORDER
            weights[0, 0, place, 0, abs(seen)] += weight
            if seen >= 0:
                weights[1, 0, place, 0, seen] += weight
    weights[:, 1, :, 1] = weights[:, 0, ::-1, 0, ::-1]
    matrix = torch.from_numpy(weights.reshape(4 * BORDER, 4 * BORDER))
    return matrix.float(), (1.0 - matrix.sum(1)).float()


def slide(planes: Tensor, axis: int) -> Tensor:
    """Gaussian averages along one axis, wherever the window fits; shifted sums vectorise best."""
    window = gaussian_window().tolist()
    count = planes.shape[axis] - 2 * BORDER
    average = planes.narrow(axis, BORDER, count) * window[BORDER]
    for k in (*range(BORDER), *range(BORDER + 1, WINDOW)):
        average.add_(planes.narrow(axis, k, count), alpha=window[k])
    return average


def blur(planes: Tensor, outside: Tensor) -> Tensor:
    """Gaussian averages under all conventions of the border at once.

    Args:
        planes: float32 [...,H,W], H and W at least 11.
        outside: float32 [...,1,1], what stands outside the image where it is not mirrored.

    Returns:
        [...,H+10,W+10]. Along each axis: the places where the window fits, then the first and
        last five with mirrored borders, then the first and last five with `outside` around. So
        the leading [H-10,W-10] is the valid part, and the leading [H,W] the mirrored one.

    """
    edges, rest = edge_weights()
    ends = torch.cat([planes[..., : 2 * BORDER, :], planes[..., -2 * BORDER :, :]], -2)
    rows = torch.cat([slide(planes, -2), edges @ ends + rest[:, None] * outside], -2)
    ends = torch.cat([rows[..., : 2 * BORDER], rows[..., -2 * BORDER :]], -1)
    return torch.cat([slide(rows, -1), ends @ edges.T + rest * outside], -1)


def in_place(extended: Tensor) -> Tensor:
    """The mirrored part of what `blur` lays out, as it lies in the image: [...,H,W]."""
    for axis in (-2, -1):
        inner = extended.shape[axis] - 4 * BORDER
        middle, first, last, _ = extended.split([inner, BORDER, BORDER, 2 * BORDER], axis)
        extended = torch.cat([first, middle, last], axis)
    return extended


def planes_of(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The planes s, d, s^2, d^2 of x and y [C,H,W] in 8-bit levels, s and d centred.

    Returns:
        float32 [4,C,H,W], and the whole numbers that were taken from s and d, [2,C,1,1].

    """
    planes = torch.empty(4, *x.shape)
    torch.add(x, y, out=planes[0])
    torch.sub(x, y, out=planes[1])
    centre = planes[:2].mean((-2, -1), keepdim=True).round_()
    planes[:2].sub_(centre)
    torch.square(planes[:2], out=planes[2:])
    return planes, centre


def black(centre: Tensor) -> Tensor:
    """What `planes_of` makes of zeros, float32 [4,C,1,1]: 3DGS pads with them."""
    return torch.cat([-centre, centre.square()])


def terms(averages: Tensor, centre: Tensor) -> tuple[Tensor, Tensor]:
    """Luminance and contrast-structure [C,H,W] of the averages [4,C,H,W] of `planes_of`."""
    first, square = averages[:2], averages[2:]
    var_s, var_d = square.addcmul(first, first, value=-1)
    return _luminance(first, centre), _ratio(var_s, var_d, C2)


def _luminance(averages: Tensor, centre: Tensor) -> Tensor:
    """Luminance of the averages [2,C,H,W] of s and d."""
    mean_s, mean_d = (averages + centre).square_()
    return _ratio(mean_s, mean_d, C1)


def _ratio(a: Tensor, b: Tensor, c: float) -> Tensor:
    return (a - b).add_(2 * c).div_((a + b).add_(2 * c))


def box_sums(planes: Tensor) -> Tensor:
    """Sums over 7x7 places, wherever they fit: [...,H,W] -> [...,H-6,W-6]."""
    for axis in (-2, -1):
        count = planes.shape[axis] - BOX + 1
        two = planes.narrow(axis, 0, count + 5) + planes.narrow(axis, 1, count + 5)
        four = two.narrow(axis, 0, count) + two.narrow(axis, 2, count)
        planes = four.add_(two.narrow(axis, 4, count)).add_(planes.narrow(axis, 6, count))
    return planes


def box_ssim(planes: Tensor, centre: Tensor) -> Tensor:
    """SSIM under the 7x7 uniform window with sample covariance, where it fits: float32 [C,H-6,W-6].

    Planes [4,C,H,W] and centre [2,C,1,1] are those of `planes_of`. The sums are exact in float32,
    and 49^2 times a variance in int32: 49 times a sum of squares and the square of a sum are
    below 2^31.
    """
    count = BOX * BOX
    total = box_sums(planes)
    first, square = total[:2].int(), total[2:].int()
    var_s, var_d = (square.mul_(count) - first.square()).float() / (count * (count - 1))
    return _luminance(total[:2] / count, centre).mul_(_ratio(var_s, var_d, C2))


@dataclass(frozen=True)
class Similarity:
    """SSIM of B pairs of frames, mean of the three channels."""

    means: dict[str, np.ndarray]  # convention -> float64 [B]
    contrast: np.ndarray  # float64 [B,3]: mean contrast-structure of each channel, valid part
    mirrored: np.ndarray  # float32 [B,H,W]: the map with mirrored borders


def similarity(prediction: np.ndarray, truth: np.ndarray) -> Similarity:
    """All conventions of SSIM of uint8 RGB [B,H,W,3], H and W at least 11.

    Frames go through one by one: the products of one frame stay in the processor's cache.
    """
    with torch.inference_mode():
        parts = [_pair(levels(x), levels(y)) for x, y in zip(prediction, truth, strict=True)]
    return Similarity(
        {name: np.array([p.means[name] for p in parts]) for name in parts[0].means},
        np.stack([p.contrast for p in parts]),
        np.stack([p.mirrored for p in parts]),
    )


def levels(frame: np.ndarray) -> Tensor:
    """A frame uint8 RGB [H,W,3] as float32 [3,H,W] in 0..255."""
    return torch.from_numpy(np.ascontiguousarray(frame.transpose(2, 0, 1))).float()


def _pair(x: Tensor, y: Tensor) -> Similarity:
    _, height, width = x.shape
    planes, centre = planes_of(x, y)
    luminance, contrast = terms(blur(planes, black(centre)), centre)
    values = (luminance * contrast).mean(0)
    rows, columns = height - 2 * BORDER, width - 2 * BORDER

    def total(part: Tensor) -> float:
        return part.sum(dtype=torch.float64).item()

    valid = total(values[:rows, :columns])
    around = (
        total(values[height:, :columns])
        + total(values[:rows, width:])
        + total(values[height:, width:])
    )
    means = {
        "torchmetrics": total(values[:height, :width]) / (height * width),
        "3dgs": (valid + around) / (height * width),
        "valid": valid / (rows * columns),
        "skimage": box_ssim(planes, centre).mean(dtype=torch.float64).item(),
    }
    inside = contrast[:, :rows, :columns].mean((1, 2), dtype=torch.float64)
    arrays = {name: np.asarray(mean) for name, mean in means.items()}
    return Similarity(arrays, inside.numpy(), in_place(values).numpy())
