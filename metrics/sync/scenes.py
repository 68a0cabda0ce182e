"""Shot boundaries as PySceneDetect's ContentDetector finds them with its default settings.

After Breakthrough/PySceneDetect 0.6 (content_detector.py, scene_detector.py `FlashFilter`,
scene_manager.py): frames of at most 256 pixels' longer side, mean absolute change of hue,
saturation and value, threshold 27, cuts closer than 15 frames merged. Written here because the
package pins a `click` that others do not bear.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from metrics.common.resample import cv2_resize

THRESHOLD = 27.0
#: Frames that two cuts lie apart at least.
MIN_LENGTH = 15
#: Longer side to which larger frames are reduced.
SIDE = 256

_I = np.arange(1, 256)
#: OpenCV's reciprocals in 1/4096: of the value for the saturation, of the spread for the hue.
_SATURATION = np.concatenate([[0], np.rint((255 << 12) / _I)]).astype(np.int32)
_HUE = np.concatenate([[0], np.rint((180 << 12) / (6.0 * _I))]).astype(np.int32)


def cv2_hsv(frame: np.ndarray) -> np.ndarray:
    """Hue (0..179), saturation and value of uint8 RGB [H,W,3] as OpenCV has them: uint8 [H,W,3]."""
    r, g, b = (frame[..., k].astype(np.int32) for k in range(3))
    value = frame.max(-1).astype(np.int32)
    spread = value - frame.min(-1)
    saturation = (spread * _SATURATION[value] + (1 << 11)) >> 12
    turn = np.where(value == r, g - b, np.where(value == g, b - r + 2 * spread, r - g + 4 * spread))
    hue = (turn * _HUE[spread] + (1 << 11)) >> 12
    hue += np.where(hue < 0, 180, 0)
    return np.stack([hue, saturation, value], -1).astype(np.uint8)


class Scenes:
    """Takes the frames of a sequence in order and keeps the last one's colours alone."""

    def __init__(self) -> None:
        self.count = 0
        self.cuts: list[int] = []  # first frame of every scene but the first
        self._last: np.ndarray | None = None
        self._above = 0  # last frame over the threshold
        self._since: int | None = None  # where merging began
        self._merging = False  # whether close cuts are merged: only after a first cut

    def push(self, frame: np.ndarray) -> float:
        """The change from the frame before to this one, uint8 RGB [H,W,3]."""
        height, width = frame.shape[:2]
        factor = max(height, width) / SIDE
        if factor > 1:
            frame = cv2_resize(
                frame, (max(1, round(height / factor)), max(1, round(width / factor)))
            )
        colours = cv2_hsv(frame)
        change = 0.0
        if self._last is not None:
            gap = np.abs(colours.astype(np.int32) - self._last)
            change = float(gap.sum((0, 1)).sum() / (gap.shape[0] * gap.shape[1])) / 3
        self._last = colours
        self._filter(self.count, change >= THRESHOLD)
        self.count += 1
        return change

    def _filter(self, index: int, above: bool) -> None:
        long_enough = index - self._above >= MIN_LENGTH
        if above:
            self._above = index
        if self._since is not None:
            if long_enough and not above and self._above - self._since >= MIN_LENGTH:
                self._since = None
                self.cuts.append(self._above)
        elif above and long_enough:
            self._merging = True
            self.cuts.append(index)
        elif above and self._merging:
            self._since = index

    def scenes(self) -> list[range]:
        """Frames of each scene, in order."""
        edges = [0, *self.cuts, self.count]
        return [range(a, b) for a, b in pairwise(edges)]
