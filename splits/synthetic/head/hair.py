"""Hair: a shell over the scalp from the crown to the hairline, shaped by the style.

Where a style is longer than the scalp, the shell hangs down. Strands are the texture's work.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from splits.synthetic.head.curves import curve, smoothstep
from splits.synthetic.head.identity import Identity
from splits.synthetic.head.paint import smooth_noise
from splits.synthetic.head.parts import Part, Region, grid_faces
from splits.synthetic.head.skin import base_surface
from splits.synthetic.head.topology import ARC_RADIUS, V_POLE

COLUMNS, ROWS = 85, 15
_HANG_FROM = -0.012  # canonical height below which long hair leaves the scalp

#: Hairline height v at |azimuth| in radians, for short hair.
_SHORT = [(0.0, -0.0735), (0.30, -0.0745), (0.52, -0.0770), (0.72, -0.0665), (0.86, -0.0490),
          (1.00, -0.0390),
          (1.17, -0.0260), (1.25, 0.0060), (1.38, 0.0100), (1.47, -0.0140), (1.75, -0.0240),
          (2.00, -0.0040), (2.15, 0.0420), (2.45, 0.0800), (3.1416, 0.0900)]  # fmt: skip


def _long(length: float, opening: float) -> list[tuple[float, float]]:
    """Hairline of hair that falls beside the face from azimuth `opening` on, to `length`."""
    return [(0.0, -0.0800), (0.25, -0.0760), (0.52, -0.0640), (opening - 0.24, -0.0440),
            (opening - 0.09, -0.0050), (opening, length * 0.70), (opening + 0.25, length),
            (2.0, length), (3.1416, length)]  # fmt: skip


def style_of(who: Identity) -> tuple[Callable, Callable, float]:
    """(hairline of azimuth, thickness of (azimuth, t), waviness) of a style."""

    def front(a: np.ndarray) -> np.ndarray:
        return np.exp(-((a / 0.9) ** 2))

    name = who.hair_style
    if name == "crop":
        return curve(_SHORT), lambda a, t: 0.006 + 0.004 * front(a) * t, 0.0008
    if name == "side_part":
        part = 0.55

        def swept(a: np.ndarray, t: np.ndarray) -> np.ndarray:
            lift = 0.010 + 0.012 * front(a + 0.25) * t
            groove = np.exp(-(((a - part) / 0.10) ** 2)) * np.exp(-((np.abs(a) / 1.2) ** 4))
            return lift - 0.0065 * groove - 0.003 * smoothstep(1.0, 1.3, np.abs(a)) * t

        return curve(_SHORT), swept, 0.0012
    if name == "curls":
        return (
            curve(_SHORT),
            lambda a, t: 0.019 + 0.006 * front(a) - 0.007 * (np.abs(a) > 9) * t,
            0.0042,
        )
    if name == "bun":
        return curve(_SHORT), lambda a, t: 0.0055 + 0.0025 * (1 - t), 0.0006
    if name == "bob":
        line = [(0.0, -0.0440), (0.45, -0.0430), (0.70, -0.0330), (0.86, 0.0000), (0.97, 0.0700),
                (1.15, 0.0900), (2.0, 0.0930), (3.1416, 0.0930)]  # fmt: skip
        return curve(line), lambda a, t: 0.011 + 0.002 * front(a), 0.0012
    parted = curve(_long(0.112, 1.02))
    return parted, lambda a, t: 0.010 + 0.003 * (1 - t) - 0.005 * np.exp(-((a / 0.07) ** 2)), 0.0018


def _shell(who: Identity) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices [ROWS*COLUMNS,3], uv and shade of the shell."""
    hairline, thickness, wave = style_of(who)
    azimuth = np.linspace(-np.pi, np.pi, COLUMNS)
    grids: tuple[np.ndarray, ...] = np.meshgrid(azimuth, np.linspace(0, 1, ROWS) ** 0.9)
    a, t = grids
    edge = hairline(np.abs(a))
    rng = np.random.default_rng([0x4A1, who.seed])
    ragged = np.interp(a, azimuth, smooth_noise(rng, (1, COLUMNS), (0, 1.6))[0])
    ragged[:, -1] = ragged[:, 0]
    edge = edge + 0.0010 * ragged
    v = V_POLE + 0.003 + (edge - V_POLE - 0.003) * t
    on_scalp = np.minimum(v, _HANG_FROM + (who.hair_style not in ("bob", "long")) * 1.0)
    s = a * ARC_RADIUS
    base = base_surface(s.reshape(-1), on_scalp.reshape(-1), who)
    centre = np.array([0.0, -0.015, 0.005])
    outward = base - centre
    outward[:, 1] *= np.where(outward[:, 1] > 0, 0.3, 1.0)
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    # At the crown all directions meet: the style sets in below it.
    crown = smoothstep(0.0, 0.30, t)
    thick = (crown * thickness(a, t) + (1 - crown) * thickness(a * 0 + 2.0, t * 0)).reshape(-1)
    hang = np.maximum(v - on_scalp, 0).reshape(-1)
    t, a = t.reshape(-1), a.reshape(-1)
    taper = 1 - smoothstep(0.62, 1.0, t) * (0.92 - 0.5 * smoothstep(0.0, 0.02, hang))
    phases = rng.uniform(0, 2 * np.pi, 6)
    ripple = np.sin(9 * a + phases[0] + 6 * t) * np.sin(11 * t + phases[1]) + 0.6 * np.sin(
        17 * a + phases[2] - 9 * t
    ) * np.sin(17 * t + phases[3])
    if who.hair_style == "curls":
        ripple = ripple + 0.9 * np.sin(23 * a + phases[4]) * np.sin(31 * t + phases[5])
    vertices = base + outward * ((thick + wave * ripple * crown.reshape(-1)) * taper)[:, None]
    vertices[:, 1] += hang * 0.93
    inward = 1 - 1.4 * np.maximum(hang - 0.045, 0) / 0.08 * 0.25
    vertices[:, 0] *= np.where(hang > 0, inward, 1)
    uv = np.stack([0.5 + a / (2 * np.pi), t], 1)
    shade = (
        0.80
        + 0.20 * (1 - smoothstep(0.75, 1.0, t))
        + 0.10 * np.clip(ripple, -1, 0) * (wave > 0.001)
    )
    return vertices, uv, shade


def _bun(who: Identity) -> tuple[np.ndarray, np.ndarray]:
    """A knot on the crown: vertices and faces."""
    rows, columns = 9, 17
    theta = np.linspace(0.05, np.pi - 0.05, rows)[:, None]
    phi = np.linspace(-np.pi, np.pi, columns)[None]
    radius = 0.027 * (1 + 0.06 * np.sin(3 * phi + 5 * theta))
    x = radius * np.sin(theta) * np.sin(phi)
    y = -0.108 - 0.92 * radius * np.cos(theta)
    z = 0.048 - radius * np.sin(theta) * np.cos(phi)
    return np.stack([x, y + 0 * x, z], -1).reshape(-1, 3), grid_faces(rows, columns)


def hair(who: Identity) -> Part:
    """The subject's hair, as one part."""
    vertices, uv, shade = _shell(who)
    faces = grid_faces(ROWS, COLUMNS)
    if who.hair_style == "bun":
        knot, knot_faces = _bun(who)
        faces = np.concatenate([faces, knot_faces + len(vertices)])
        rows = np.linspace(0, 1, 9)
        knot_uv = np.stack([np.tile(np.linspace(0.2, 0.8, 17), 9), np.repeat(rows, 17)], 1)
        vertices = np.concatenate([vertices, knot])
        uv = np.concatenate([uv, knot_uv])
        shade = np.concatenate([shade, np.repeat(0.85 + 0.15 * (1 - rows), 17)])
    return Part(Region.HAIR, vertices, faces, uv, shade, np.full(len(uv), 0.22))
