"""OpenCV's bilinear resize of 8-bit images, to the last bit, without OpenCV.

`cv2.resize(..., interpolation=INTER_LINEAR)` works on integers: weights of 11 bits, the sum
across in full, the sum down with shifts on the way. Rounding elsewhere gives other images.
"""

from __future__ import annotations

import numpy as np

_BITS = 11


def _taps(
    size: int, to: int, scale: float, *, across: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lower and upper source index and the weight of the upper in 1/2048, each [to].

    Beyond the edge a line has one tap, a column two of the same pixel: their shifts differ.
    """
    place = ((np.arange(to) + 0.5) * scale - 0.5).astype(np.float32)
    low = np.floor(place).astype(np.int64)
    part = place - low.astype(np.float32)
    if across:
        part = np.where((low < 0) | (low >= size - 1), np.float32(0), part)
    weight = np.rint(part * np.float32(1 << _BITS)).astype(np.int64)
    return low.clip(0, size - 1), (low + 1).clip(0, size - 1), weight


def cv2_resize(frame: np.ndarray, to: tuple[int, int] | float) -> np.ndarray:
    """An image uint8 [H,W,C] at another size, as `cv2.resize` with its default filter gives it.

    Nothing is smoothed before it is reduced: that is what the reference pipelines do. `to` is
    (height, width), or the factor by which both sides change.
    """
    height, width = frame.shape[:2]
    if isinstance(to, tuple):
        h, w = to
        down, across = height / h, width / w
    else:
        h, w = int(np.rint(height * to)), int(np.rint(width * to))
        down = across = 1 / to
    if (h, w) == (height, width):
        return frame.copy()
    if down == 2 and across == 2 and h * 2 <= height and w * 2 <= width:
        # Exactly half is averaged there.
        four = frame[: 2 * h, : 2 * w].reshape(h, 2, w, 2, -1).astype(np.int64).sum((1, 3))
        return ((four + 2) >> 2).astype(np.uint8)
    x0, x1, wx = _taps(width, w, across, across=True)
    y0, y1, wy = _taps(height, h, down, across=False)
    one = 1 << _BITS
    rows, inverse = np.unique(np.concatenate([y0, y1]), return_inverse=True)
    source = frame[rows].astype(np.int64)
    line = source[:, x0] * (one - wx)[None, :, None] + source[:, x1] * wx[None, :, None]
    upper, lower = line[inverse[:h]] >> 4, line[inverse[h:]] >> 4
    total = ((upper * (one - wy)[:, None, None]) >> 16) + ((lower * wy[:, None, None]) >> 16)
    return ((total + 2) >> 2).clip(0, 255).astype(np.uint8)
