"""Convex hulls of points as pixel masks."""

from __future__ import annotations

import numpy as np


def dilated(points: np.ndarray, radius: float, corners: int = 32) -> np.ndarray:
    """Points [P * corners,2] whose hull is that of `points` [P,2] grown by `radius`.

    The disc is a regular polygon of that many corners: its hull lies at most 0.5 % of the radius
    within the exact one.
    """
    angles = np.arange(corners) * (2 * np.pi / corners)
    disc = radius * np.stack([np.cos(angles), np.sin(angles)], 1)
    return (points[:, None] + disc).reshape(-1, 2)


def fill(points: np.ndarray, height: int, width: int) -> np.ndarray:
    """The convex hull of points as a mask bool [height,width]: where a pixel's centre is in it.

    The points, float64 [P,2], are in pixels, x right, y down, centres at +0.5; they may lie
    outside.
    """
    from scipy.spatial import ConvexHull, QhullError

    points = np.asarray(points, np.float64)
    try:
        hull = points[ConvexHull(points).vertices]
    except QhullError:  # the points have no area
        return np.zeros((height, width), bool)
    (x0, y0), (x1, y1) = hull.T, np.roll(hull, -1, 0).T
    y = np.arange(height)[:, None] + 0.5
    with np.errstate(divide="ignore", invalid="ignore"):
        x = x0 + (x1 - x0) * (y - y0) / (y1 - y0)  # where each side meets each row of centres
    met = (np.minimum(y0, y1) <= y) & (y <= np.maximum(y0, y1)) & (y0 != y1)
    left = np.where(met, x, np.inf).min(1, keepdims=True)
    right = np.where(met, x, -np.inf).max(1, keepdims=True)
    centres = np.arange(width) + 0.5
    return (centres >= left) & (centres <= right)
