"""The skin's parametric domain: graded points with rings around eyes and mouth, triangulated once.

The domain is a cylinder unrolled: `s` is arc length around the head (0 in the middle of the
face, positive to the viewer's right, metres at the front) and `v` runs from the crown down the
face to the neck opening (equal to the height y over the face). Only the right half is
triangulated, then mirrored, so that the mesh is exactly symmetric. All identities share it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.spatial import Delaunay

ARC_RADIUS = 0.092  # metres of s per radian of azimuth
S_BACK = ARC_RADIUS * np.pi
V_POLE, V_TOP, V_BOTTOM = -0.165, -0.152, 0.150

EYE_S, EYE_V, EYE_HALF_WIDTH = 0.0320, 0.0, 0.0158
EYE_UPPER, EYE_LOWER = 0.0060, 0.0046  # lid margin heights above and below the canthal line
MOUTH_V, MOUTH_HALF_WIDTH = 0.068, 0.025
LIP_UPPER, LIP_LOWER = 0.0072, 0.0096  # vermilion heights in the middle

EYE_COLUMNS = 36  # points around one eye
EYE_RING_OFFSETS = (0.0, 0.0011, 0.0024, 0.0040, 0.0058, 0.0080, 0.0105)
MOUTH_COLUMNS = 29  # points from the upper to the lower midline, the corner in the middle
LIP_RING_FRACTIONS = (0.0, 0.12, 0.35, 0.65, 0.88, 1.0)  # of the vermilion height
MOUTH_SKIN_OFFSETS = (0.0020, 0.0045, 0.0078)


@dataclass(frozen=True)
class SkinTopology:
    """Canonical coordinates and connectivity of the skin.

    s, v: float64 [V]; faces: int64 [F,3], clockwise as seen from outside; mirror: int64 [V], the
    vertex at (-s, v).
    eye_rings: int64 [2 eyes (viewer's left, right), rings, columns]: ring 0 is the lid margin,
    columns start at the inner canthus and run over the upper lid.
    mouth_rings: int64 [rings, columns]: ring 0 is the lip contact line, columns start at the
    upper midline and run to the viewer's right, under the lower lip and back.
    neck_loop: int64 [n], the open boundary, in order.
    """

    s: np.ndarray
    v: np.ndarray
    faces: np.ndarray
    mirror: np.ndarray
    eye_rings: np.ndarray
    mouth_rings: np.ndarray
    neck_loop: np.ndarray
    pole: int


def upper_lid(u: np.ndarray) -> np.ndarray:
    """Margin height of the upper lid at u in [-1,1] from the inner to the outer canthus."""
    return EYE_UPPER * (1 - np.abs(u) ** 2.3) ** 0.9 * (1 - 0.10 * u)


def lower_lid(u: np.ndarray) -> np.ndarray:
    """Depth of the lower lid's margin under the canthal line."""
    return EYE_LOWER * (1 - u**2) ** 0.9 * (1 + 0.14 * u)


def upper_vermilion(u: np.ndarray) -> np.ndarray:
    """Height of the upper lip's red at |s| = u mouth half-widths, with Cupid's bow."""
    u = np.clip(np.abs(u), 0, 1)
    bow = np.exp(-(((u - 0.24) / 0.16) ** 2)) * 0.16 - np.exp(-((u / 0.12) ** 2)) * 0.10
    return LIP_UPPER * ((1 - u**1.7) ** 0.85 + bow)


def lower_vermilion(u: np.ndarray) -> np.ndarray:
    """Height of the lower lip's red at |s| = u mouth half-widths."""
    return LIP_LOWER * (1 - np.clip(np.abs(u), 0, 1) ** 2.3) ** 0.85


def _eye_ring(k: int) -> np.ndarray:
    """Ring `k` around the right eye: float64 [EYE_COLUMNS, 2] of (s, v)."""
    half = EYE_COLUMNS // 2
    shift = 0.5 if k % 2 else 0.0
    theta = np.pi * (np.arange(EYE_COLUMNS) + shift) / half
    u = -np.cos(theta)
    over = np.sin(theta) > 0
    almond = np.where(over, -upper_lid(u), lower_lid(u))
    offset = EYE_RING_OFFSETS[k]
    ellipse_v = -(0.0088 + offset * 0.95) * np.sin(theta)
    blend = np.clip(offset / 0.0080, 0, 1) ** 0.8
    width = EYE_HALF_WIDTH + offset * 0.9
    near_v = almond - np.sign(np.sin(theta) + 1e-12) * offset * np.abs(np.sin(theta)) ** 0.5
    tilt = 0.0012 * (0.3 - u)  # the outer canthus sits a little higher
    return np.stack([EYE_S + width * u, EYE_V + (1 - blend) * near_v + blend * ellipse_v + tilt], 1)


def _mouth_ring(k: int) -> np.ndarray:
    """Ring `k` around the mouth's right half: float64 [MOUTH_COLUMNS, 2] of (s, v)."""
    lips = len(LIP_RING_FRACTIONS)
    theta = np.pi * np.arange(MOUTH_COLUMNS) / (MOUTH_COLUMNS - 1)
    u = np.sin(theta)
    over = theta < np.pi / 2 - 1e-9
    under = theta > np.pi / 2 + 1e-9
    sign = np.where(over, -1.0, np.where(under, 1.0, 0.0))
    red = np.where(over, upper_vermilion(u), lower_vermilion(u)) * (sign != 0)
    if k < lips:
        fraction, outside = LIP_RING_FRACTIONS[k], 0.0
    else:
        fraction, outside = 1.0, MOUTH_SKIN_OFFSETS[k - lips]
    u[[0, -1]] = 0.0  # exactly on the midline
    width = MOUTH_HALF_WIDTH + 0.0022 * fraction + outside
    spread = outside * np.abs(np.cos(theta)) ** 0.6
    return np.stack([width * u, MOUTH_V + sign * (fraction * red + spread)], 1)


def ring_strips(rings: np.ndarray, closed: bool = True) -> np.ndarray:
    """Triangles [n,3] between successive rings [rings, columns] that run clockwise outward.

    "Clockwise" is as seen with y down, from outside. The diagonal alternates so that no
    direction is favoured.
    """
    here, step = rings, np.roll(rings, -1, axis=1)
    if not closed:
        here, step = rings[:, :-1], rings[:, 1:]
    a, b, c, d = here[:-1], step[:-1], here[1:], step[1:]
    flip = (np.add.outer(np.arange(a.shape[0]), np.arange(a.shape[1])) % 2).astype(bool)
    first = np.where(flip[..., None], np.stack([a, c, b], -1), np.stack([a, c, d], -1))
    second = np.where(flip[..., None], np.stack([b, c, d], -1), np.stack([a, d, b], -1))
    return np.concatenate([first.reshape(-1, 3), second.reshape(-1, 3)])


def _columns() -> np.ndarray:
    """Grid columns in s, from the face's midline to the back of the head."""
    steps = np.concatenate(
        [
            np.full(16, 0.0029),
            np.full(7, 0.0044),
            np.full(9, 0.0080),
            np.full(10, 0.0150),
        ]
    )
    line = np.concatenate([[0.0], np.cumsum(steps)])
    return line * (S_BACK / line[-1])


def _rows() -> np.ndarray:
    """Grid rows in v, from the crown to the neck."""
    parts = [
        np.arange(V_TOP, -0.0749, 0.0110),
        np.arange(-0.0670, -0.0359, 0.0052),
        np.arange(-0.0318, -0.0100, 0.0026),
        np.arange(-0.0090, 0.0500, 0.0026),
        np.arange(0.0520, 0.0880, 0.0032),
        np.arange(0.0905, 0.1160, 0.0040),
        np.linspace(0.1195, V_BOTTOM, 5),
    ]
    return np.concatenate(parts)


def _grid_points() -> np.ndarray:
    """Filler points of the half domain, hexagonal, coarser to the side and the scalp."""
    columns, rows = _columns(), _rows()
    index = np.arange(len(columns))
    points = []
    for r, v in enumerate(rows):
        edge = r in (0, len(rows) - 1)
        s = columns
        if r % 2 and not edge:
            s = np.concatenate([[0.0], (columns[:-1] + columns[1:]) / 2, [S_BACK]])
        stride = 3 if v < -0.13 else 2 if v < -0.07 or v > 0.119 else 1
        keep = index[: len(s)] % stride == 0 if len(s) == len(index) else None
        if keep is None:
            keep = np.arange(len(s)) % stride == 0
        if -0.07 < v < 0.119 and not edge:
            keep &= (s < 0.052) | (r % 2 == 0)
            keep &= (s < 0.115) | (r % 4 == 0)
        keep[0] = True
        keep[-1] = edge or r % 4 == 0
        points.append(np.stack([s[keep], np.full(keep.sum(), v)], 1))
    grid = np.concatenate(points)
    eye = ((grid[:, 0] - EYE_S) / (EYE_HALF_WIDTH + 0.0112)) ** 2 + (
        (grid[:, 1] - EYE_V) / (0.0088 + 0.0122)
    ) ** 2
    outside = MOUTH_SKIN_OFFSETS[-1] + 0.0016
    height = np.where(grid[:, 1] < MOUTH_V, LIP_UPPER * 1.02, LIP_LOWER) + outside
    mouth = (grid[:, 0] / (MOUTH_HALF_WIDTH + 0.0022 + outside)) ** 2 + (
        (grid[:, 1] - MOUTH_V) / height
    ) ** 2
    return grid[(eye > 1) & (mouth > 1)]


@cache
def skin_topology() -> SkinTopology:
    """The one topology of every head."""
    eye = np.stack([_eye_ring(k) for k in range(len(EYE_RING_OFFSETS))])
    mouth = np.stack(
        [_mouth_ring(k) for k in range(len(LIP_RING_FRACTIONS) + len(MOUTH_SKIN_OFFSETS))]
    )
    grid = _grid_points()
    half = np.concatenate([eye.reshape(-1, 2), mouth.reshape(-1, 2), grid, [[0.0, V_POLE]]])
    n_eye, n_mouth = eye.shape[0] * eye.shape[1], mouth.shape[0] * mouth.shape[1]
    pole = len(half) - 1

    flat = half[:pole].copy()
    # The mouth's rings are joined as strips; only the outermost, as a convex curve, meets the grid.
    theta = np.pi * np.arange(MOUTH_COLUMNS) / (MOUTH_COLUMNS - 1)
    outer = n_eye + n_mouth - MOUTH_COLUMNS + np.arange(MOUTH_COLUMNS)
    tall = np.where(theta < np.pi / 2, LIP_UPPER, LIP_LOWER) + MOUTH_SKIN_OFFSETS[-1]
    flat[outer, 1] = MOUTH_V - tall * np.cos(theta)
    placed = np.concatenate([np.arange(n_eye), outer, np.arange(n_eye + n_mouth, pole)])
    # A shift far below the spacing makes the triangulation unique on every platform.
    wobble = np.random.default_rng(1).uniform(-1, 1, flat.shape) * 2e-5
    border = (flat[:, 0] == 0) | (flat[:, 0] >= S_BACK) | (flat[:, 1] >= V_BOTTOM - 1e-12)
    border |= flat[:, 1] <= V_TOP + 1e-12
    flat = flat + np.where(border[:, None], 0.0, wobble)
    triangles = placed[Delaunay(flat[placed]).simplices]
    in_eye = (triangles < eye.shape[1]).all(1)
    in_mouth = np.isin(triangles, outer).all(1)
    corners = flat[triangles]
    along, across = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = along[:, 0] * across[:, 1] - along[:, 1] * across[:, 0]
    keep = ~in_eye & ~in_mouth & (np.abs(area) > 1e-12)
    triangles, area = triangles[keep], area[keep]
    triangles = np.where((area > 0)[:, None], triangles, triangles[:, ::-1])

    ring_right = n_eye + np.arange(n_mouth).reshape(mouth.shape[:2])
    triangles = np.concatenate([triangles, ring_strips(ring_right, closed=False)])

    top = np.flatnonzero(np.abs(half[:pole, 1] - V_TOP) < 1e-12)
    top = top[np.argsort(half[top, 0])]
    fan = np.stack([np.full(len(top) - 1, pole), top[1:], top[:-1]], 1)
    triangles = np.concatenate([triangles, fan])

    on_middle = (half[:, 0] == 0) | (half[:, 0] >= S_BACK - 1e-12)
    count = len(half)
    twin = np.arange(count)
    twin[~on_middle] = count + np.arange((~on_middle).sum())
    other = half[~on_middle] * [-1, 1]
    s, v = np.concatenate([half, other]).T
    faces = np.concatenate([triangles, twin[triangles][:, ::-1]])
    mirror = np.empty(len(s), np.int64)
    mirror[:count] = twin
    mirror[twin] = np.arange(count)

    eye_right = np.arange(n_eye).reshape(eye.shape[:2])
    mouth_rings = np.concatenate([ring_right, twin[ring_right[:, -2:0:-1]]], 1)
    bottom = np.flatnonzero(np.abs(half[:pole, 1] - V_BOTTOM) < 1e-12)
    bottom = bottom[np.argsort(half[bottom, 0])]
    neck_loop = np.concatenate([bottom, twin[bottom[-2:0:-1]]])
    return SkinTopology(
        s, v, faces, mirror, np.stack([twin[eye_right], eye_right]), mouth_rings, neck_loop, pole
    )
