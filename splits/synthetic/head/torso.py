"""Neck and shoulders in clothing: a still mesh that stands in the room, not on the head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from splits.synthetic.head.curves import curve, smoothstep
from splits.synthetic.head.identity import Identity
from splits.synthetic.head.paint import smooth_noise
from splits.synthetic.head.parts import grid_faces

ROWS, COLUMNS = 30, 61
TEXTURE = (256, 512)  # rows and columns of texels
_TOP, _BOTTOM = 0.040, 0.310  # heights y, metres
_SPAN = np.pi * 0.78  # azimuth to either side; the open back is never seen

_WIDTH = curve([(0.04, 0.050), (0.09, 0.0525), (0.118, 0.056), (0.132, 0.068), (0.146, 0.098),
                (0.160, 0.135), (0.176, 0.166), (0.198, 0.188), (0.23, 0.198),
                (0.31, 0.205)])  # fmt: skip
_DEPTH = curve(
    [(0.04, 0.050), (0.11, 0.052), (0.14, 0.062), (0.17, 0.086), (0.22, 0.108), (0.31, 0.120)]
)
_CENTRE = curve([(0.04, 0.020), (0.11, 0.024), (0.14, 0.026), (0.31, 0.030)])


@dataclass(frozen=True)
class Torso:
    """The still mesh, in the frame of the neutral head.

    vertices: float32 [n,3]; faces: int32 [m,3]; shade, gloss: float32 [n].
    """

    vertices: np.ndarray
    faces: np.ndarray
    uv: np.ndarray  # float32 [n,2], texels of `texture`
    texture: np.ndarray  # float32 [rows,columns,3], linear light
    shade: np.ndarray
    gloss: np.ndarray


def _collar(a: np.ndarray, who: Identity) -> np.ndarray:
    """Height y of the clothing's edge at azimuth a (0 in front)."""
    front = np.exp(-((a / 0.9) ** 2))
    if who.collar == "vee":
        return 0.126 + 0.075 * np.exp(-((np.abs(a) / 0.42) ** 1.3))
    if who.collar == "shirt":
        return 0.112 + 0.040 * np.exp(-((np.abs(a) / 0.20) ** 1.6)) + 0.004 * front
    return 0.126 + 0.024 * front


def _shape(who: Identity) -> tuple[np.ndarray, ...]:
    """Azimuth and height [ROWS,COLUMNS] of the grid, its vertices [n,3], shade and gloss [n]."""
    a = np.linspace(-_SPAN, _SPAN, COLUMNS)
    y = np.concatenate(
        [np.linspace(_TOP, 0.112, 7), np.linspace(0.118, 0.2, 16), np.linspace(0.21, _BOTTOM, 7)]
    )
    a, y = np.meshgrid(a, y)
    width, depth = _WIDTH(y) * (1 + 0.05 * who.jaw_width), _DEPTH(y)
    power = 2.0 + 0.7 * smoothstep(0.15, 0.2, y)
    sine, cosine = np.abs(np.sin(a)), np.abs(np.cos(a))
    radius = ((sine / width) ** power + (cosine / depth) ** power) ** (-1 / power)
    above = y - _collar(a, who)
    cloth = smoothstep(-0.004, 0.004, above)
    rim = 0.0066 if who.collar == "shirt" else 0.0030
    lift = 0.0035 * smoothstep(-0.008, 0.006, above)
    lift = lift + rim * np.exp(-(((above - 0.005) / 0.006) ** 2))
    tendon = 0.0030 * np.exp(-(((np.abs(a) - 0.52 + 3.2 * (y - 0.12)) / 0.13) ** 2)) * (y < 0.15)
    radius = radius + lift + tendon * (1 - cloth)
    x, z = radius * np.sin(a), _CENTRE(y) - radius * np.cos(a)
    # The jaw keeps light from the throat.
    shade = 1 - 0.62 * (1 - smoothstep(0.095, 0.148, y)) * (0.5 + 0.5 * np.clip(np.cos(a), 0, 1))
    vertices = np.stack([x, y, z], -1).reshape(-1, 3)
    return a, y, vertices, shade.reshape(-1), 0.08 * (1 - cloth).reshape(-1)


def _image(who: Identity, rng: np.random.Generator) -> np.ndarray:
    """Skin above the clothing's edge and fabric below it, display RGB [rows,columns,3]."""
    rows, columns = TEXTURE
    a, y = np.meshgrid(
        ((np.arange(columns) + 0.5) / columns * 2 - 1) * _SPAN,
        _TOP + (np.arange(rows) + 0.5) / rows * (_BOTTOM - _TOP),
    )
    above = y - _collar(a, who)
    threads = 0.03 * smooth_noise(rng, (rows, columns), 0.6)
    drape = 0.05 * smooth_noise(rng, (rows, columns), (20, 9))
    band = 1 - smoothstep(0.009, 0.011, above)
    fabric = np.array(who.cloth) * ((1 + threads + drape) * (1 - 0.14 * band))[..., None]
    if who.collar == "shirt":
        fabric = fabric * np.where(np.abs(a) < 0.05, 0.93, 1.0)[..., None]
    shadow = 1 - 0.22 * np.exp(-(((above + 0.002) / 0.0045) ** 2))
    mottle = 1 + 0.015 * smooth_noise(rng, (rows, columns), 6)
    skin = np.array(who.skin) * [0.97, 0.92, 0.91] * (shadow * mottle)[..., None]
    cover = smoothstep(-0.0008, 0.0008, above)[..., None]
    return np.clip(skin * (1 - cover) + fabric * cover, 0, 1)


def torso(who: Identity) -> Torso:
    """Neck and shoulders of a subject."""
    a, y, vertices, shade, gloss = _shape(who)
    image = _image(who, np.random.default_rng([0x7025, who.seed]))
    rows, columns = TEXTURE
    across = (a / _SPAN + 1) / 2 * columns
    down = (y - _TOP) / (_BOTTOM - _TOP) * rows
    return Torso(
        vertices.astype(np.float32),
        grid_faces(ROWS, COLUMNS).astype(np.int32),
        np.stack([across, down], -1).reshape(-1, 2).astype(np.float32),
        (image**2).astype(np.float32),
        shade.astype(np.float32),
        gloss.astype(np.float32),
    )
