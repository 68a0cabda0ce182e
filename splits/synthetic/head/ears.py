"""Ears: a tilted oval sheet with a rolled rim, an inner ridge and a hollow."""

from __future__ import annotations

import numpy as np

from splits.synthetic.head.curves import bump
from splits.synthetic.head.identity import Identity
from splits.synthetic.head.parts import Part, Region
from splits.synthetic.head.skin import base_surface
from splits.synthetic.head.topology import ARC_RADIUS

ROWS, COLUMNS = 7, 22


def ear(who: Identity) -> Part:
    """The ear on the viewer's right."""
    radius = np.array([0.0, 0.25, 0.50, 0.70, 0.85, 1.0, 0.97])[:, None]
    depth = np.array([0, 0, 0, 0, 0, 0, 1.0])[:, None]  # the last ring folds back to the head
    angle = (2 * np.pi * np.arange(COLUMNS) / COLUMNS)[None]
    size = 1 + 0.09 * who.ear_size
    # In the ear's own plane: p points backward, q down; the lobe is narrower than the top.
    narrow = 1 - 0.24 * np.clip(np.sin(angle), 0, 1) ** 1.5 + 0.10 * np.clip(-np.sin(angle), 0, 1)
    p = 0.0175 * size * radius * np.cos(angle) * narrow
    q = 0.0305 * size * radius * np.sin(angle)
    rim = (
        0.0042
        * np.exp(-(((radius - 0.90) / 0.11) ** 2))
        * (1 - 0.85 * bump(angle, 0, np.pi, 0, 0.8, 1))
    )
    rim = rim * (1 - 0.6 * np.clip(np.sin(angle), 0, 1) ** 3)
    ridge = (
        0.0022 * np.exp(-(((radius - 0.52) / 0.12) ** 2)) * np.clip(np.cos(angle - 0.1) + 0.4, 0, 1)
    )
    hollow = -0.0062 * bump(p, q, -0.0050, 0.0025, 0.0048, 0.0080)
    lift = rim + ridge + hollow - 0.0085 * depth
    p, q, lift = (np.broadcast_to(a, (ROWS, COLUMNS)).reshape(-1) for a in (p, q, lift))
    # How far the rear edge stands off the head; long hair presses it flat.
    flare = 0.12 if who.hair_style in ("bob", "long") else 0.52
    anchor = base_surface(np.array([ARC_RADIUS * 1.70]), np.array([0.012]), who)[0]
    hinge = p + 0.014
    x = anchor[0] - 0.0015 + hinge * np.sin(flare) + lift * np.cos(flare)
    z = anchor[2] - 0.010 + hinge * np.cos(flare) - lift * np.sin(flare)
    y = anchor[1] + q - 0.10 * p
    z = z + 0.12 * (y - anchor[1]) * -1.0
    at = np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS)
    a, b = at[:-1], np.roll(at[:-1], -1, 1)
    c, d = at[1:], np.roll(at[1:], -1, 1)
    faces = np.concatenate(
        [np.stack([a, c, b], -1).reshape(-1, 3), np.stack([b, c, d], -1).reshape(-1, 3)]
    )
    tile = np.broadcast_to(radius, (ROWS, COLUMNS)).reshape(-1)
    around = np.broadcast_to(angle, (ROWS, COLUMNS)).reshape(-1)
    uv = 0.5 + 0.49 * np.stack([tile * np.cos(around), tile * np.sin(around)], 1)
    shade = np.clip(0.62 + 60 * (lift + 0.002), 0.45, 1.0)
    return Part(Region.EAR, np.stack([x, y, z], 1), faces, uv, shade, np.full(len(x), 0.12))
