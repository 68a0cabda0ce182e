"""A vectorised z-buffer: triangles become row spans, spans become fragments, the nearest wins.

No loop over triangles and no compiler: ragged arrays are laid out with `repeat`, so the cost is
that of the pixels that are covered, not of bounding boxes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: How far outside an edge (in pixels) a sample still counts: shared edges leave no crack.
EDGE_SLACK = 1e-4


@dataclass(frozen=True)
class Fragments:
    """The visible samples of an image.

    sample: int64 [n] flat index y * width + x, ascending; face: int64 [n]; weights: float32 [n,3]
    perspective-correct barycentric weights of the face's corners; inverse_depth: float32 [n].
    """

    sample: np.ndarray
    face: np.ndarray
    weights: np.ndarray
    inverse_depth: np.ndarray


def _ragged(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Owner and position within the owner for `counts` items each."""
    owner = np.repeat(np.arange(len(counts)), counts)
    start = np.cumsum(counts) - counts
    return owner, np.arange(len(owner)) - start[owner]


def rasterize(
    pixels: np.ndarray,
    depth: np.ndarray,
    faces: np.ndarray,
    height: int,
    width: int,
    two_sided: np.ndarray | None = None,
    behind: np.ndarray | None = None,
) -> Fragments:
    """Find the nearest face at every sample.

    Args:
        pixels: float [V,2], x right and y down; sample (i, j) lies at (j + 0.5, i + 0.5).
        depth: float [V], distance along the view axis, positive in front of the camera.
        faces: int [F,3], clockwise as seen from the front; others are culled.
        height: rows of samples.
        width: columns of samples.
        two_sided: bool [F], faces that are never culled.
        behind: float32 [height*width] inverse depth of what is already drawn; only nearer
            fragments are kept.

    Returns:
        The visible fragments, sorted by sample.

    """
    # Columns rather than [F,3] rows: numpy reduces over an axis of three slowly.
    one, two, three = faces[:, 0], faces[:, 1], faces[:, 2]
    px = np.ascontiguousarray(pixels[:, 0], np.float64)
    py = np.ascontiguousarray(pixels[:, 1], np.float64)
    x0, x1, x2 = px[one], px[two], px[three]
    y0, y1, y2 = py[one], py[two], py[three]
    area = (x1 - x0) * (y2 - y0) - (y1 - y0) * (x2 - x0)
    shown = area > 1e-12
    if two_sided is not None:
        shown |= two_sided & (area < -1e-12)
    y_low = np.ceil(np.minimum(np.minimum(y0, y1), y2) - 0.5 - EDGE_SLACK)
    y_high = np.floor(np.maximum(np.maximum(y0, y1), y2) - 0.5 + EDGE_SLACK)
    x_low = np.ceil(np.minimum(np.minimum(x0, x1), x2) - 0.5 - EDGE_SLACK)
    x_high = np.floor(np.maximum(np.maximum(x0, x1), x2) - 0.5 + EDGE_SLACK)
    ahead = depth > 1e-6
    shown &= ahead[one] & ahead[two] & ahead[three]
    shown &= (y_high >= y_low) & (x_high >= x_low)
    shown &= (y_high >= 0) & (y_low < height) & (x_high >= 0) & (x_low < width)
    index = np.flatnonzero(shown)
    x0, x1, x2, y0, y1, y2, area = (q[index] for q in (x0, x1, x2, y0, y1, y2, area))
    y_low = np.maximum(y_low[index], 0).astype(np.int64)
    y_high = np.minimum(y_high[index], height - 1).astype(np.int64)
    x_low, x_high = np.maximum(x_low[index], 0), np.minimum(x_high[index], width - 1)

    # Barycentric weight k at (x, y) is a[k] * x + b[k] * y + c[k], scaled to sum to one.
    a = [(y1 - y2) / area, (y2 - y0) / area, (y0 - y1) / area]
    b = [(x2 - x1) / area, (x0 - x2) / area, (x1 - x0) / area]
    c = [(x1 * y2 - x2 * y1) / area, (x2 * y0 - x0 * y2) / area, (x0 * y1 - x1 * y0) / area]

    row_face, row = _ragged(y_high - y_low + 1)
    y = (y_low[row_face] + row) + 0.5
    low, high = x_low[row_face], x_high[row_face]
    for k in range(3):
        slope = a[k][row_face]
        slack = (EDGE_SLACK * np.hypot(a[k], b[k]) + c[k])[row_face]
        rest = b[k][row_face] * y + slack
        flat = np.abs(slope) < 1e-12
        bound = -rest / np.where(flat, 1.0, slope) - 0.5
        low = np.where(slope > 1e-12, np.maximum(low, np.ceil(bound)), low)
        high = np.where(slope < -1e-12, np.minimum(high, np.floor(bound)), high)
        high = np.where(flat & (rest < 0), -1.0, high)
    count = np.maximum(high - low + 1, 0).astype(np.int64)

    distance = depth.astype(np.float64)
    inverse = [1.0 / distance[corner[index]] for corner in (one, two, three)]
    iz_a, iz_b, iz_c = (
        m[0] * inverse[0] + m[1] * inverse[1] + m[2] * inverse[2] for m in (a, b, c)
    )
    iz_row = iz_a[row_face] * (low + 0.5) + iz_b[row_face] * y + iz_c[row_face]

    span, step = _ragged(count)
    sample = ((y - 0.5) * width + low).astype(np.int64)[span] + step
    owner = row_face[span]
    iz = (iz_row[span] + iz_a[owner] * step).astype(np.float32)
    # Sort key: nearer first (positive floats order like their bits), then the earlier face.
    key = (0xFFFFFFFF - iz.view(np.uint32).astype(np.uint64)) << np.uint64(32)
    key |= np.arange(len(iz), dtype=np.uint64)
    best = np.full(height * width, np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(best, sample, key)
    drawn = np.flatnonzero(best != np.iinfo(np.uint64).max)
    winner = (best[drawn] & np.uint64(0xFFFFFFFF)).astype(np.int64)
    if behind is not None:
        front = iz[winner] > behind[drawn]
        drawn, winner = drawn[front], winner[front]
    owner, iz = owner[winner], iz[winner]
    x_at, y_at = drawn % width + 0.5, drawn // width + 0.5
    weights = np.empty((len(owner), 3), np.float32)
    for k in range(3):
        share = a[k][owner] * x_at + b[k][owner] * y_at + c[k][owner]
        weights[:, k] = np.clip(share, 0, 1) * inverse[k][owner]
    weights /= (weights[:, 0] + weights[:, 1] + weights[:, 2])[:, None]
    return Fragments(drawn, index[owner], weights, iz)
