"""Crops that follow the head: what a training step renders instead of the whole frame.

A crop is exact: it moves the principal point, so its pixels are those of the whole frame.
(gsplat bounds the slope at which it linearises a Gaussian by the image's field of view plus
30%; that changes only Gaussians far outside of a crop, which colour none of its pixels.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Sides are multiples of the rasteriser's tiles.
TILE = 16


@dataclass(frozen=True)
class Crops:
    """One crop of a fixed size per frame.

    Attributes:
        left: int32 [T], pixels.
        top: int32 [T], pixels.
        width: pixels.
        height: pixels.

    """

    left: np.ndarray
    top: np.ndarray
    width: int
    height: int

    def slices(self, t: int) -> tuple[slice, slice]:
        """Rows and columns of frame t."""
        y, x = int(self.top[t]), int(self.left[t])
        return slice(y, y + self.height), slice(x, x + self.width)

    def inside(self, outer: Crops, t: int) -> tuple[slice, slice]:
        """Rows and columns of frame t's crop in the pixels of another crop of that frame."""
        y, x = int(self.top[t] - outer.top[t]), int(self.left[t] - outer.left[t])
        return (
            slice(max(y, 0), max(y + self.height, 0)),
            slice(max(x, 0), max(x + self.width, 0)),
        )

    def intrinsics(self, K: np.ndarray) -> np.ndarray:
        """Intrinsics [T,3,3] with the principal points moved into the crops."""
        moved = np.array(K, np.float32)
        moved[:, 0, 2] -= self.left
        moved[:, 1, 2] -= self.top
        return moved


def around_boxes(
    boxes: np.ndarray, frame: tuple[int, int], margin: int, anchors: np.ndarray | None = None
) -> Crops:
    """Crops of one size that hold every box, kept inside the frame.

    An empty box takes the mean centre of the others, relative to its frame's anchor.

    Args:
        boxes: int32 [T,4] as left, top, right, bottom in pixels.
        frame: height and width of the frames.
        margin: pixels added on every side.
        anchors: [T,2] x and y in pixels; by default the frame's corner.

    """
    height, width = frame
    filled = boxes[:, 2] > boxes[:, 0]
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    anchors = np.zeros_like(centres) if anchors is None else anchors
    centres[~filled] = anchors[~filled] + (centres - anchors)[filled].mean(0)
    sides = (boxes[:, 2:] - boxes[:, :2])[filled].max(0) + 2 * margin
    w = min(TILE * int(np.ceil(sides[0] / TILE)), width)
    h = min(TILE * int(np.ceil(sides[1] / TILE)), height)
    left = np.clip(np.rint(centres[:, 0] - w / 2), 0, width - w).astype(np.int32)
    top = np.clip(np.rint(centres[:, 1] - h / 2), 0, height - h).astype(np.int32)
    return Crops(left, top, w, h)
