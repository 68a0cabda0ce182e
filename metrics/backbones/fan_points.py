"""From a face box to FAN's input, and from its heatmaps back to landmarks in the frame.

Equal to face-alignment 1.5.0 (`crop`, `get_preds_fromhm`, `transform_np` of utils.py and the
box arithmetic of `get_landmarks_from_image`), down to where it rounds: crop corners are
computed in single precision and cut to whole pixels, the crop is resized in OpenCV's fixed-point
arithmetic, and landmarks are cut to whole pixels too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from metrics.common.resample import cv2_resize

#: Side of the network's input and of its heatmaps, in pixels.
INPUT, HEATMAP = 256, 64
#: Sum of a box's sides that has scale 1, and side of the crop at scale 1, in pixels.
REFERENCE, SIDE = 195, 200.0
#: How far above the box's centre the crop's is, of the box's height.
LIFT = 0.12


@dataclass(frozen=True)
class Place:
    """Where a crop lies in its frame: centre in pixels, and scale."""

    x: float
    y: float
    scale: float

    @property
    def side(self) -> float:
        """Side of the square in pixels."""
        return SIDE * self.scale


def place_of(box: np.ndarray) -> Place:
    """The crop of a face box (x1, y1, x2, y2) in pixels."""
    x1, y1, x2, y2 = (float(v) for v in box[:4])
    x, y = x2 - (x2 - x1) / 2.0, y2 - (y2 - y1) / 2.0
    return Place(x, y - (y2 - y1) * LIFT, (x2 - x1 + y2 - y1) / REFERENCE)


def corners(place: Place) -> tuple[int, int, int, int]:
    """First column and row of the crop, and those after its last, in frame pixels."""
    side = np.float64(place.side)
    matrix = torch.eye(3)
    matrix[0, 0] = matrix[1, 1] = INPUT / side
    matrix[0, 2] = INPUT * (-place.x / side + 0.5)
    matrix[1, 2] = INPUT * (-place.y / side + 0.5)
    inverse = torch.linalg.inv(matrix)
    ends = [torch.mv(inverse, torch.tensor([at, at, 1.0]))[:2].int() for at in (1.0, INPUT)]
    left, top, right, bottom = torch.cat(ends).tolist()
    return left, top, right, bottom


def crop(frame: np.ndarray, place: Place) -> np.ndarray | None:
    """The network's view of a face.

    Args:
        frame: uint8 RGB [H,W,3].
        place: the crop; black where it leaves the frame.

    Returns:
        uint8 [256,256,3], or None where the crop holds no pixel of the frame.

    """
    left, top, right, bottom = corners(place)
    x, y = slice(max(left, 0), right), slice(max(top, 0), bottom)
    inside = frame[y, x] if right > 0 and bottom > 0 else frame[:0]
    if not inside.size:
        return None
    window = np.zeros((bottom - top, right - left, 3), np.uint8)
    rows, columns = inside.shape[:2]
    window[y.start - top : y.start - top + rows, x.start - left : x.start - left + columns] = inside
    return cv2_resize(window, (INPUT, INPUT))


def to_input(crops: list[np.ndarray]) -> torch.Tensor:
    """Network input [B,3,256,256] in 0..1 of crops uint8 [256,256,3]."""
    return torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float() / 255


def landmarks(heatmaps: np.ndarray, places: list[Place]) -> np.ndarray:
    """Landmarks in frame pixels.

    The place of each heatmap's maximum, moved a quarter of a heatmap pixel towards the larger
    neighbour on either axis, carried back into the frame and cut to whole pixels.

    Args:
        heatmaps: float32 [B,68,64,64].
        places: where each crop lies.

    Returns:
        float64 [B,68,2], whole numbers: x, y.

    """
    batch, points, size, _ = heatmaps.shape
    best = heatmaps.reshape(batch, points, -1).argmax(-1)
    y, x = np.divmod(best, size)
    b, p = np.ogrid[:batch, :points]
    inner_x, inner_y = x.clip(1, size - 2), y.clip(1, size - 2)
    step_x = heatmaps[b, p, y, inner_x + 1] - heatmaps[b, p, y, inner_x - 1]
    step_y = heatmaps[b, p, inner_y + 1, x] - heatmaps[b, p, inner_y - 1, x]
    inside = (x == inner_x) & (y == inner_y)
    found = np.stack([x, y], -1) + 0.5
    found += np.where(inside[..., None], 0.25 * np.sign(np.stack([step_x, step_y], -1)), 0.0)
    side = np.array([place.side for place in places]).reshape(-1, 1, 1)
    centre = np.array([(place.x, place.y) for place in places]).reshape(-1, 1, 2)
    return np.trunc((found - size * (0.5 - centre / side)) * (side / size))
