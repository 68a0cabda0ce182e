"""What an open mouth shows: the lips' inner side, a closed cavity, two rows of teeth, a tongue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from splits.synthetic.head.parts import Part, Region, grid_faces
from splits.synthetic.head.topology import ring_strips

#: Rings behind the contact line: backward, away from the line and inward scale, metres.
_BACK = np.array([0.0022, 0.0055, 0.0090, 0.0240, 0.0430])
_AWAY = np.array([0.0004, 0.0022, 0.0085, 0.0130, 0.0080])
_WIDE = np.array([1.0, 1.0, 1.06, 0.92, 0.55])
LIP_RINGS = 2  # how many of these still belong to the lips
FOLLOW = np.array([1.0, 0.85, 0.45, 0.0, 0.0])  # how far each ring follows the lip's margin

TEETH_COLUMNS = 43
_TEETH_ROWS = 4


@dataclass(frozen=True)
class Cavity:
    """The lining behind the lips; ring 0 is the skin's own contact line.

    vertices: float64 [n,3]: rings after one another, then the end point.
    faces index skin vertices for the contact line and `offset + i` for its own vertices.
    """

    vertices: np.ndarray
    lip_faces: np.ndarray
    deep_faces: np.ndarray
    rings: np.ndarray  # int64 [rings, columns]
    lower: np.ndarray  # float64 [n]: 1 = moves with the jaw


def cavity(margin: np.ndarray, margin_index: np.ndarray, offset: int) -> Cavity:
    """Line the mouth behind the contact line `margin` [columns,3], whose vertices are given."""
    columns = len(margin)
    angle = 2 * np.pi * np.arange(columns) / columns
    away = np.sign(np.round(-np.cos(angle), 9)) * np.abs(np.cos(angle)) ** 0.6
    rings = []
    for back, out, wide in zip(_BACK, _AWAY, _WIDE, strict=True):
        ring = margin.copy()
        ring[:, 0] *= wide
        ring[:, 1] += out * away
        # Farther back at the corners: the lining follows the curve of the teeth.
        ring[:, 2] += back
        if out > 0.01:
            ring[:, 2] = margin[:, 2].min() + back + 0.002
        rings.append(ring)
    end = np.array([[0.0, margin[:, 1].mean() + 0.002, rings[-1][:, 2].max() + 0.006]])
    count = len(rings) * columns
    index = offset + np.arange(count).reshape(len(rings), columns)
    all_rings = np.concatenate([margin_index[None], index])[::-1]  # outward: from deep to margin
    strips = ring_strips(all_rings)
    deep = np.isin(strips, index[LIP_RINGS:]).any(1)
    last = index[-1]
    fan = np.stack([np.full(columns, offset + count), last, np.roll(last, -1)], 1)
    lower = np.concatenate(
        [np.tile(0.5 - 0.5 * np.clip(np.cos(angle) * 4, -1, 1), len(rings)), [0.5]]
    )
    return Cavity(
        np.concatenate([*rings, end]),
        strips[~deep],
        np.concatenate([strips[deep], fan]),
        index,
        lower,
    )


def teeth(upper: bool, front_z: float, seam_y: float) -> Part:
    """One row of teeth along its arch; the texture paints gums, gaps and enamel."""
    p = np.linspace(-1, 1, TEETH_COLUMNS)
    reach = 0.0255 if upper else 0.0238
    x = reach * np.sin(p * np.pi / 2 * 0.98)
    z = front_z + 0.0330 * (1 - np.cos(p * np.pi / 2 * 0.98)) ** 1.15 + (0.0 if upper else 0.0022)
    bumps = 0.00035 * np.abs(np.sin(np.pi * (p * 7)))  # each crown is rounded
    edge = seam_y + (0.0026 if upper else 0.0008)
    crown = 0.0100 if upper else 0.0085
    sign = -1.0 if upper else 1.0
    smile = 0.0012 * p**2
    rows = []
    for height, back in ((1.45, 0.0012), (1.0, 0.0), (0.45, -0.0006), (0.0, 0.0)):
        y = edge + sign * crown * height - smile * (1 if upper else -0.5)
        if height == 0.0:
            y = y - sign * 0.0006 * (np.abs(np.sin(np.pi * p * 7)) ** 0.5 - 0.6)
        rows.append(np.stack([x, y, z + back - bumps], 1))
    if not upper:
        rows = rows[::-1]
    fractions = np.array([0.0, 0.31, 0.69, 1.0]) if upper else np.array([1.0, 0.69, 0.31, 0.0])
    uv = np.stack([np.tile(0.5 + 0.5 * p, _TEETH_ROWS), np.repeat(fractions, TEETH_COLUMNS)], 1)
    shade = np.tile(0.98 - 0.62 * np.abs(p) ** 1.3, _TEETH_ROWS)
    return Part(
        Region.TEETH,
        np.concatenate(rows),
        grid_faces(_TEETH_ROWS, TEETH_COLUMNS),
        uv,
        shade,
        np.full(len(shade), 0.5),
    )


def tongue(front_z: float, seam_y: float) -> Part:
    """A flat dome on the floor of the mouth, tip behind the lower teeth."""
    rows, columns = 9, 11
    t = np.linspace(0, 1, rows)[:, None]  # back to tip
    c = np.linspace(-1, 1, columns)[None]
    half = 0.0175 * (1 - 0.92 * t**4) ** 0.5
    x = half * c
    z = front_z + 0.0065 + 0.036 * (1 - t) + 0.003 * c**2 * t
    y = seam_y + 0.0040 + 0.0035 * t**2 + 0.0045 * c**2 + 0.0012 * np.exp(-((c / 0.18) ** 2))
    vertices = np.stack([x, y + 0 * x, z + 0 * x], -1).reshape(-1, 3)
    uv = np.stack([0.5 + 0.5 * c + 0 * t, t + 0 * c], -1).reshape(-1, 2)
    shade = (0.30 + 0.55 * t + 0 * c).reshape(-1)
    return Part(
        Region.TONGUE, vertices, grid_faces(rows, columns), uv, shade, np.full(len(uv), 0.5)
    )
