"""Eyeballs: polar grids around the line of sight, so that iris and pupil have exact edges."""

from __future__ import annotations

import numpy as np

from splits.synthetic.head.identity import Identity
from splits.synthetic.head.parts import Part, Region
from splits.synthetic.head.skin import EYE_RADIUS, eye_centre

RING_DEGREES = np.array([5.0, 11.0, 16.0, 22.0, 26.5, 28.5, 36.0, 45.0, 56.0, 68.0, 80.0])
COLUMNS = 24
IRIS_DEGREES = 27.5


def eyeball(who: Identity, side: int) -> Part:
    """One eyeball looking straight ahead (-z); its uv is the image of the eye seen from ahead."""
    polar = np.deg2rad(RING_DEGREES)[:, None]
    around = (2 * np.pi * np.arange(COLUMNS) / COLUMNS)[None]
    bulge = 1 + 0.035 * np.exp(-((RING_DEGREES / 22.0) ** 4))[:, None]
    x, y = np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around)
    z = -np.cos(polar) * np.ones_like(around)
    shell = (np.stack([x, y, z], -1) * bulge[..., None]).reshape(-1, 3)
    pole = np.array([[0.0, 0.0, -1.035]])
    unit = np.concatenate([pole, shell])
    first = 1 + np.arange(COLUMNS)
    fan = np.stack([np.zeros(COLUMNS, np.int64), first, np.roll(first, -1)], 1)
    at = 1 + np.arange(len(RING_DEGREES) * COLUMNS).reshape(len(RING_DEGREES), COLUMNS)
    a, b = at[:-1], np.roll(at[:-1], -1, 1)
    c, d = at[1:], np.roll(at[1:], -1, 1)
    quads = np.concatenate(
        [np.stack([a, c, b], -1).reshape(-1, 3), np.stack([b, c, d], -1).reshape(-1, 3)]
    )
    radius = np.concatenate([[0.0], np.repeat(RING_DEGREES, COLUMNS)]) / 90.0
    angle = np.concatenate([[0.0], np.tile(around[0], len(RING_DEGREES))])
    uv = 0.5 + 0.5 * np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)
    count = len(unit)
    return Part(
        Region.EYE,
        eye_centre(who, side) + EYE_RADIUS * unit,
        np.concatenate([fan, quads]),
        uv,
        np.ones(count),
        np.full(count, 1.0),
    )
