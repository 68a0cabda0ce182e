"""The atlas: one picture with a tile for each part of the head, painted from the identity.

Colours are linear light (display value squared); shading multiplies them.
"""

from __future__ import annotations

import numpy as np

from splits.synthetic.head.curves import bump, curve, smoothstep
from splits.synthetic.head.eyes import IRIS_DEGREES
from splits.synthetic.head.hair import style_of
from splits.synthetic.head.identity import Identity
from splits.synthetic.head.noise import smooth_noise
from splits.synthetic.head.parts import Region
from splits.synthetic.head.skin_look import from_tile, red_of_lips
from splits.synthetic.head.topology import (
    ARC_RADIUS,
    EYE_HALF_WIDTH,
    EYE_S,
    MOUTH_V,
    lower_lid,
    upper_lid,
)

ATLAS_HEIGHT, ATLAS_WIDTH = 512, 1024
#: Region -> (first row, first column, rows, columns) of its tile.
TILES = {
    Region.SKIN: (0, 0, 512, 512),
    Region.HAIR: (0, 512, 256, 512),
    Region.EYE: (256, 512, 128, 128),
    Region.EAR: (256, 640, 64, 64),
    Region.TEETH: (384, 512, 64, 384),
    Region.TONGUE: (256, 704, 32, 32),
    Region.CAVITY: (288, 704, 16, 16),
    Region.LIP_INNER: (304, 704, 16, 16),
    Region.LID_RIM: (320, 640, 16, 64),
}


def _grid(region: Region) -> tuple[np.ndarray, np.ndarray]:
    """Tile coordinates (u, w) of texel centres."""
    rows, columns = TILES[region][2:]
    return np.meshgrid((np.arange(columns) + 0.5) / columns, (np.arange(rows) + 0.5) / rows)


def _mix(base: np.ndarray, colour: tuple | np.ndarray, amount: np.ndarray) -> np.ndarray:
    return base + (np.asarray(colour) - base) * np.clip(amount, 0, 1)[..., None]


def _brow(s: np.ndarray, v: np.ndarray, who: Identity, rng: np.random.Generator) -> np.ndarray:
    """Cover of the brows, 0..1, with strokes."""
    side = np.abs(s)
    line = curve([(0.009, -0.0170), (0.022, -0.0203 - 0.0007 * who.brow_arch),
                  (0.039, -0.0232 - 0.0016 * who.brow_arch), (0.056, -0.0165)])(side)  # fmt: skip
    half = who.brow_thickness * np.interp(
        side,
        [0.008, 0.013, 0.025, 0.040, 0.050, 0.056],
        [0.0014, 0.0032, 0.0034, 0.0027, 0.0016, 0.0004],
    )
    strokes = smooth_noise(rng, *s.shape, (2.2, 0.8))
    edge = half + 0.0005 * strokes
    cover = smoothstep(-0.0007, 0.0009, edge - np.abs(v - line))
    ends = smoothstep(0.0085, 0.0130, side) * (1 - smoothstep(0.0520, 0.0565, side))
    return cover * ends * np.clip(0.86 + 0.14 * strokes, 0.5, 1.0)


def _skin(who: Identity, rng: np.random.Generator) -> np.ndarray:
    s, v = from_tile(np.stack(_grid(Region.SKIN), -1))
    side, shape = np.abs(s), s.shape
    skin = np.array(who.skin)
    colour = np.broadcast_to(skin, (*shape, 3)).copy()
    blush = skin * [1.0, 0.80, 0.78]
    colour = _mix(colour, blush, 0.55 * bump(side, v, 0.043, 0.028, 0.016, 0.014))
    colour = _mix(colour, blush, 0.50 * bump(s, v, 0, 0.040, 0.010, 0.008))
    colour = _mix(colour, blush, 0.30 * bump(s, v, 0, 0.099, 0.014, 0.008))
    colour = _mix(colour, np.clip(skin * 1.05, 0, 1), 0.5 * bump(s, v, 0, -0.045, 0.040, 0.014))
    socket = skin * [0.84, 0.76, 0.76]
    colour = _mix(colour, socket, 0.55 * bump(side, v, 0.028, 0.0105, 0.012, 0.0042))
    colour = _mix(colour, socket, 0.50 * bump(side, v, 0.033, -0.0095, 0.015, 0.0040))
    colour *= (1 + 0.018 * smooth_noise(rng, *shape, 9) + 0.012 * smooth_noise(rng, *shape, 2))[
        ..., None
    ]

    beard = bump(s, v, 0, 0.088, 0.055, 0.020) + bump(s, v, 0, 0.056, 0.022, 0.005)
    beard = np.clip(beard * 1.3, 0, 1) * smoothstep(
        0.050, 0.060, v + 0.25 * np.maximum(side - 0.03, 0)
    )
    grain = 0.65 + 0.35 * np.clip(smooth_noise(rng, *shape, 0.7), -1, 1)
    shadow = np.array(who.hair) * 0.5 + skin * [0.30, 0.30, 0.33]
    colour = _mix(colour, shadow, 0.62 * who.stubble * beard * grain)

    spots = smooth_noise(rng, *shape, 1.1)
    zone = bump(side, v, 0.030, 0.022, 0.024, 0.016) + 0.5 * bump(s, v, 0, 0.02, 0.012, 0.015)
    colour = _mix(
        colour, skin * [0.72, 0.55, 0.45], who.freckles * np.clip(zone, 0, 1) * (spots > 1.35) * 0.8
    )

    crease = skin * [0.66, 0.55, 0.52]
    for level, strength in ((-0.036, 0.8), (-0.045, 1.0), (-0.054, 0.8)):
        wavy = level + 0.0012 * np.sin(side * 90 + level * 900)
        line = np.exp(-(((v - wavy) / 0.0007) ** 2)) * (1 - smoothstep(0.022, 0.042, side))
        colour = _mix(colour, crease, 0.42 * who.age * strength * line)
    for slope in (-0.35, 0.0, 0.35):  # crow's feet
        foot = np.exp(-(((v + 0.001 - slope * (side - 0.050)) / 0.0006) ** 2))
        colour = _mix(
            colour, crease, 0.5 * who.age * foot * smoothstep(0.050, 0.053, side) * (side < 0.063)
        )
    fold_s = 0.0195 + 0.55 * np.clip(v - 0.042, 0, 0.03)
    fold = (
        np.exp(-(((side - fold_s) / 0.0010) ** 2))
        * smoothstep(0.040, 0.047, v)
        * (1 - smoothstep(0.060, 0.070, v))
    )
    colour = _mix(colour, crease, (0.10 + 0.35 * who.age) * fold)

    nostril = bump(side, v, 0.0070, 0.0472, 0.0030, 0.0014)
    colour = _mix(colour, skin * [0.22, 0.13, 0.12], 1.25 * nostril)

    lip = skin * (1 - 0.5 * who.lip_tint) + 0.5 * who.lip_tint * np.array([0.72, 0.28, 0.30])
    lip = lip * [0.93, 0.72, 0.73]
    red = red_of_lips(s, v)
    ridges = 1 + 0.05 * smooth_noise(rng, *shape, (3.0, 0.8))
    colour = _mix(colour, lip, 0.92 * red) * np.where(red > 0.5, ridges, 1.0)[..., None]
    seam = np.exp(-(((v - MOUTH_V) / 0.0007) ** 2)) * (side < 0.0265)
    colour = _mix(colour, lip * [0.45, 0.35, 0.35], 0.75 * seam)

    u = (side - EYE_S) / EYE_HALF_WIDTH
    tilt = 0.0012 * (0.3 - u)
    inside = np.clip(np.abs(u), 0, 1)
    over = v - (tilt - upper_lid(np.sign(u) * inside))  # negative above the upper margin
    under = v - (tilt + lower_lid(np.sign(u) * inside))
    near = smoothstep(-1.15, -0.75, u) * (1 - smoothstep(1.02, 1.20, u))
    lash = np.array(who.hair) * 0.25
    reach = 0.0011 + 0.0005 * np.clip(u, 0, 1)
    colour = _mix(
        colour, lash, 0.95 * near * smoothstep(-reach * 1.7, -reach * 0.6, over) * (over < 0.0015)
    )
    colour = _mix(
        colour, lash, 0.42 * near * (under > -0.001) * (1 - smoothstep(0.0003, 0.0010, under))
    )
    lid_fold = np.exp(-(((over + 0.0042) / 0.0008) ** 2)) * smoothstep(-0.95, -0.5, u) * (u < 1.05)
    colour = _mix(colour, skin * [0.60, 0.48, 0.46], 0.50 * lid_fold)

    colour = _mix(colour, np.array(who.hair) * 0.75, 0.93 * _brow(s, v, who, rng))
    edge = style_of(who)[0](side / ARC_RADIUS)
    fuzzy = edge + 0.002 * smooth_noise(rng, *shape, (3, 1))
    colour = _mix(
        colour, np.array(who.hair) * 0.6, 0.9 * (1 - smoothstep(-0.003, 0.004, v - fuzzy))
    )
    return colour


def _hair(who: Identity, rng: np.random.Generator) -> np.ndarray:
    u, t = _grid(Region.HAIR)
    shape = u.shape
    if who.hair_style == "curls":
        strands = (
            smooth_noise(rng, *shape, (2.4, 2.4)) * 0.8 + smooth_noise(rng, *shape, (6, 5)) * 0.5
        )
    else:
        strands = (
            smooth_noise(rng, *shape, (40, 1.0)) * 0.55 + smooth_noise(rng, *shape, (26, 3.2)) * 0.6
        )
    band = np.exp(-(((t - 0.42 + 0.03 * smooth_noise(rng, *shape, (30, 6))) / 0.12) ** 2))
    base = np.array(who.hair)
    value = 1 + 0.20 * strands + 0.28 * band * (who.hair_style != "curls")
    return np.clip(base * value[..., None] + 0.02 * band[..., None], 0.01, 1)


def _eye(who: Identity, rng: np.random.Generator) -> np.ndarray:
    u, w = _grid(Region.EYE)
    x, y = 2 * u - 1, 2 * w - 1
    degrees = 90 * np.hypot(x, y)
    angle = np.arctan2(y, x)
    iris = IRIS_DEGREES
    spokes = sum(
        np.sin(k * angle + p) for k, p in zip((9, 17, 29), rng.uniform(0, 6, 3), strict=True)
    )
    tone = 0.95 + 0.10 * spokes * smoothstep(10, 16, degrees)
    tone *= 1 + 0.35 * smoothstep(12, 22, degrees) * (0.5 + 0.5 * np.sin(angle))
    colour = np.array(who.eyes) * tone[..., None]
    colour = _mix(colour, np.array(who.eyes) * 0.25, smoothstep(iris - 6, iris - 1, degrees))
    colour = _mix(colour, (0.015, 0.012, 0.012), 1 - smoothstep(9.5, 12.0, degrees))
    white = np.broadcast_to((0.90, 0.885, 0.87), (*u.shape, 3))
    white = _mix(white, (0.82, 0.62, 0.58), 0.7 * smoothstep(40, 75, degrees))
    edge = smoothstep(iris - 1.0, iris + 2.0, degrees)[..., None]
    return colour * (1 - edge) + white * edge


def _teeth(rng: np.random.Generator) -> np.ndarray:
    u, t = _grid(Region.TEETH)  # t = 0 gum, 1 biting edge
    enamel = np.broadcast_to((0.90, 0.87, 0.80), (*u.shape, 3))
    tooth = np.floor(u * 14)
    enamel = enamel * (1 + 0.02 * rng.normal(size=14))[np.clip(tooth, 0, 13).astype(int)][..., None]
    within = np.abs(u * 14 - tooth - 0.5) * 2
    enamel = _mix(enamel, (0.42, 0.34, 0.29), 0.55 * smoothstep(0.80, 1.0, within))
    scallop = 0.30 + 0.10 * (within**2) - 0.04
    gum = 1 - smoothstep(scallop - 0.04, scallop + 0.03, t)
    return _mix(enamel, (0.68, 0.36, 0.36), gum)


def paint_atlas(who: Identity) -> np.ndarray:
    """The atlas of a person: float32 [ATLAS_HEIGHT, ATLAS_WIDTH, 3], linear light."""
    rng = np.random.default_rng([0x7E87, who.seed])
    skin = np.array(who.skin)
    u, w = _grid(Region.EAR)
    ring = 2 * np.hypot(u - 0.5, w - 0.5)
    ear = _mix(
        np.broadcast_to(skin, (*u.shape, 3)), skin * [0.95, 0.70, 0.66], 0.35 + 0.3 * (ring > 0.7)
    )
    ear = _mix(ear, skin * [0.45, 0.30, 0.28], 1 - smoothstep(0.1, 0.45, ring))
    rim_u, _ = _grid(Region.LID_RIM)
    rim = _mix(
        np.broadcast_to(skin * [0.88, 0.62, 0.60], (*rim_u.shape, 3)),
        np.array(who.hair) * 0.25,
        (rim_u < 0.5) * 0.9,
    )
    flat = {
        Region.TONGUE: (0.70, 0.36, 0.37),
        Region.CAVITY: (0.36, 0.12, 0.12),
        Region.LIP_INNER: (0.62, 0.30, 0.30),
    }
    tiles = {
        Region.SKIN: _skin(who, rng),
        Region.HAIR: _hair(who, rng),
        Region.EYE: _eye(who, rng),
        Region.EAR: ear,
        Region.TEETH: _teeth(rng),
        Region.LID_RIM: rim,
        **{r: np.broadcast_to(c, (*TILES[r][2:], 3)) for r, c in flat.items()},
    }
    atlas = np.zeros((ATLAS_HEIGHT, ATLAS_WIDTH, 3), np.float32)
    for region, tile in tiles.items():
        row, column, rows, columns = TILES[region]
        atlas[row : row + rows, column : column + columns] = np.clip(tile, 0, 1) ** 2
    return atlas


def atlas_coordinates(uv: np.ndarray, region: np.ndarray) -> np.ndarray:
    """Texel coordinates (x, y) in the atlas of vertices, float32 [V,2]."""
    out = np.empty(uv.shape, np.float64)
    for name, (row, column, rows, columns) in TILES.items():
        own = region == name
        span = np.array([columns, rows])
        out[own] = np.array([column, row]) + np.clip(uv[own] * span, 0.5, span - 0.5)
    return out.astype(np.float32)
