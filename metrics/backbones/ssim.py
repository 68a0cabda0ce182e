"""SSIM under its two windows, all conventions of the border in one pass (Wang et al. 2004).

SSIM needs the local means of x and y, the sum of their variances and their covariance. Written
with the sum s = x + y and the difference d = x - y it is

    ((m_s^2 - m_d^2 + 2 C1) / (m_s^2 + m_d^2 + 2 C1)) ((v_s - v_d + 2 C2) / (v_s + v_d + 2 C2)),

so four windowed averages (s, d, s^2, d^2) serve instead of five, and equal frames give exactly 1.
In 8-bit levels all four are whole numbers; s and d are centred first, which changes no variance
and makes float32 enough. Frames are processed in strips of rows, whose planes stay in the
processor's cache.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from metrics.common.frames import each_frame

WINDOW, SIGMA, K1, K2, PEAK = 11, 1.5, 0.01, 0.03, 255
BORDER = WINDOW // 2
C1, C2 = (K1 * PEAK) ** 2, (K2 * PEAK) ** 2
#: Width of the uniform window.
BOX = 7
#: Places in a strip, about: four planes of three channels and what is made of them fill 6 MB.
STRIP = 2**16


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
    ends = torch.cat([planes[..., : 2 * BORDER, :], planes[..., -2 * BORDER :, :]], -2)
    return blur_columns(torch.cat([slide(planes, -2), blur_ends(ends, outside)], -2), outside)


def blur_ends(ends: Tensor, outside: Tensor) -> Tensor:
    """Rows of `blur` near the border: [...,20,W], of the first and the last ten rows."""
    edges, rest = edge_weights()
    return edges @ ends + rest[:, None] * outside


def blur_columns(rows: Tensor, outside: Tensor) -> Tensor:
    """What `blur` does along rows alone: [...,H,W] -> [...,H,W+10]."""
    edges, rest = edge_weights()
    ends = torch.cat([rows[..., : 2 * BORDER], rows[..., -2 * BORDER :]], -1)
    return torch.cat([slide(rows, -1), ends @ edges.T + rest * outside], -1)


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
    var_s, var_d = torch.addcmul(square, first, first, value=-1)
    mean_s, mean_d = (first + centre).square_()
    return ratio(mean_s, mean_d, C1), ratio(var_s, var_d, C2)


def ratio(a: Tensor, b: Tensor, c: float) -> Tensor:
    """(a - b + 2c) / (a + b + 2c), as one minus the part that is missing: exactly 1 for b = 0."""
    return torch.addcdiv(torch.ones(()), b, (a + b).add_(2 * c), value=-2)


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
    below 2^31. Constants are scaled instead of sums.
    """
    count = BOX * BOX
    total = box_sums(planes)
    first, square = total.int().split(2)
    var_s, var_d = square.mul_(count).addcmul_(first, first, value=-1).float()
    mean_s, mean_d = total[:2].add_(count * centre).square_()
    luminance = ratio(mean_s, mean_d, count**2 * C1)
    return luminance.mul_(ratio(var_s, var_d, count * (count - 1) * C2))


def in_place(extended: Tensor) -> Tensor:
    """The mirrored part of what `blur_columns` lays out, as it lies in the image: [...,H,W]."""
    inner = extended.shape[-1] - 4 * BORDER
    middle, first, last, _ = extended.split([inner, BORDER, BORDER, 2 * BORDER], -1)
    return torch.cat([first, middle, last], -1)


@dataclass(frozen=True)
class Similarity:
    """SSIM of B pairs of frames, mean of the three channels."""

    means: dict[str, np.ndarray]  # convention -> float64 [B]
    contrast: np.ndarray  # float64 [B,3]: mean contrast-structure of each channel, valid part
    mirrored: np.ndarray  # float32 [B,H,W]: the map with mirrored borders


def similarity(prediction: np.ndarray, truth: np.ndarray) -> Similarity:
    """All conventions of SSIM of uint8 RGB [B,H,W,3], H and W at least 11."""
    mirrored = np.empty(truth.shape[:3], np.float32)
    pairs = each_frame(lambda i: _pair(prediction[i], truth[i], mirrored[i]), len(truth))
    return Similarity(
        {name: np.array([means[name] for means, _ in pairs]) for name in pairs[0][0]},
        np.stack([contrast for _, contrast in pairs]),
        mirrored,
    )


def levels(frame: np.ndarray) -> Tensor:
    """A frame uint8 RGB [H,W,3] as float32 [3,H,W] in 0..255."""
    return torch.from_numpy(np.ascontiguousarray(frame.transpose(2, 0, 1))).float()


def _pair(x: np.ndarray, y: np.ndarray, mirrored: np.ndarray) -> tuple[dict[str, float], Any]:
    """Means of each convention, and the contrast-structure float64 [3]; fills `mirrored` [H,W]."""
    height, width, _ = x.shape
    rows, columns = height - 2 * BORDER, width - 2 * BORDER
    sums = dict.fromkeys(("torchmetrics", "3dgs", "valid", "skimage"), 0.0)
    contrasts = torch.zeros(3, dtype=torch.float64)

    def add(name: str, *parts: Tensor) -> None:
        sums[name] += sum(part.sum(dtype=torch.float64).item() for part in parts)

    step = max(2 * BORDER, STRIP // width)
    for start in range(0, rows, step):
        stop = min(start + step, rows)
        planes, centre = planes_of(*(levels(v[start : stop + 2 * BORDER]) for v in (x, y)))
        averages = blur_columns(slide(planes, -2), black(centre))
        luminance, contrast = terms(averages, centre)
        values = luminance.mul_(contrast).mean(0)
        add("torchmetrics", values[:, :width])
        add("3dgs", values[:, :columns], values[:, width:])
        add("valid", values[:, :columns])
        contrasts += contrast[..., :columns].sum((1, 2), dtype=torch.float64)
        mirrored[BORDER + start : BORDER + stop] = in_place(values)
        # The uniform window fits two rows further up and down.
        seen = planes if stop == rows else planes[..., : stop - start + BOX - 1, :]
        add("skimage", box_ssim(seen, centre))
    # The first and the last five rows, mirrored and then with zeros outside.
    ends = [np.concatenate([v[: 2 * BORDER], v[-2 * BORDER :]]) for v in (x, y)]
    planes, centre = planes_of(*map(levels, ends))
    averages = blur_columns(blur_ends(planes, black(centre)), black(centre))
    luminance, contrast = terms(averages, centre)
    values = luminance.mul_(contrast).mean(0)
    add("torchmetrics", values[: 2 * BORDER, :width])
    add("3dgs", values[2 * BORDER :, :columns], values[2 * BORDER :, width:])
    edge = in_place(values[: 2 * BORDER])
    mirrored[:BORDER], mirrored[-BORDER:] = edge[:BORDER], edge[BORDER:]
    places = {
        "torchmetrics": height * width,
        "3dgs": height * width,
        "valid": rows * columns,
        "skimage": 3 * (height - BOX + 1) * (width - BOX + 1),
    }
    means = {name: total / places[name] for name, total in sums.items()}
    return means, (contrasts / (rows * columns)).numpy()
