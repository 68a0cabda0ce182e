"""Neck and shoulders in clothing: a still mesh that stands in the room, not on the head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from splits.synthetic.head.curves import curve, smoothstep
from splits.synthetic.head.identity import Identity
from splits.synthetic.head.paint import smooth_noise
from splits.synthetic.head.parts import grid_faces

ROWS, COLUMNS = 30, 61
_TOP, _BOTTOM = 0.040, 0.310

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

    vertices: float32 [n,3]; faces: int32 [m,3]; colour: float32 [n,3] linear; shade, gloss: [n].
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


def torso(who: Identity) -> Torso:
    """Neck and shoulders of a person."""
    rng = np.random.default_rng([0x7025, who.seed])
    a = np.linspace(-np.pi * 0.78, np.pi * 0.78, COLUMNS)
    y = np.concatenate(
        [np.linspace(_TOP, 0.112, 7), np.linspace(0.118, 0.2, 16), np.linspace(0.21, _BOTTOM, 7)]
    )
    a, y = np.meshgrid(a, y)
    bulk = 1 + 0.05 * who.jaw_width
    width, depth = _WIDTH(y) * bulk, _DEPTH(y)
    power = 2.0 + 0.7 * smoothstep(0.15, 0.2, y)
    radius = ((np.abs(np.sin(a)) / width) ** power + (np.abs(np.cos(a)) / depth) ** power) ** (
        -1 / power
    )
    edge = _collar(a, who)
    cloth = smoothstep(-0.0015, 0.0015, y - edge)
    lift = 0.0035 * smoothstep(-0.002, 0.004, y - edge)
    lift = lift + 0.003 * np.exp(-(((y - edge - 0.005) / 0.006) ** 2)) * (
        2.2 if who.collar == "shirt" else 1
    )
    tendon = 0.0030 * np.exp(-(((np.abs(a) - 0.52 + 3.2 * (y - 0.12)) / 0.13) ** 2)) * (y < 0.15)
    radius = radius + lift + tendon * (1 - cloth)
    x, z = radius * np.sin(a), _CENTRE(y) - radius * np.cos(a)
    # The chest slopes: shoulders further back than the breastbone, which rises to the neck.
    vertices = np.stack([x, y + 0 * x, z], -1).reshape(-1, 3)
    under_jaw = 1 - 0.62 * (1 - smoothstep(0.095, 0.148, y)) * (
        0.5 + 0.5 * np.clip(np.cos(a), 0, 1)
    )
    under_collar = 1 - 0.35 * np.exp(-(((y - edge + 0.003) / 0.004) ** 2)) * (1 - cloth)
    shade = (under_jaw * under_collar).reshape(-1)

    rows, columns = 256, 512
    ta, ty = np.meshgrid(
        (np.arange(columns) + 0.5) / columns * np.pi * 1.56 - np.pi * 0.78,
        _TOP + (np.arange(rows) + 0.5) / rows * (_BOTTOM - _TOP),
    )
    skin = np.array(who.skin) * [0.97, 0.92, 0.91]
    fabric = np.array(who.cloth)
    weave = (
        1
        + 0.03 * smooth_noise(rng, rows, columns, (0.6, 0.6))
        + 0.05 * smooth_noise(rng, rows, columns, (20, 9))
    )
    t_edge = _collar(ta, who)
    band = smoothstep(0.009, 0.011, ty - t_edge) * 0.0 + (ty - t_edge < 0.010)
    fabric = fabric * weave[..., None] * np.where(band, 0.86, 1.0)[..., None]
    if who.collar == "shirt":
        placket = np.abs(ta) < 0.05
        fabric = np.where(placket[..., None], fabric * 0.93, fabric)
    cover = smoothstep(-0.0008, 0.0008, ty - t_edge)[..., None]
    tone = skin * (1 + 0.015 * smooth_noise(rng, rows, columns, 6))[..., None]
    picture = np.clip(tone * (1 - cover) + fabric * cover, 0, 1) ** 2
    uv = np.stack(
        [(a / (np.pi * 1.56) + 0.5) * columns, (y - _TOP) / (_BOTTOM - _TOP) * rows], -1
    ).reshape(-1, 2)
    gloss = (0.08 * (1 - cloth)).reshape(-1)
    return Torso(
        vertices.astype(np.float32),
        grid_faces(*a.shape).astype(np.int32),
        uv.astype(np.float32),
        picture.astype(np.float32),
        shade.astype(np.float32),
        gloss.astype(np.float32),
    )
