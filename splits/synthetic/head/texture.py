"""The atlas: one image with a tile for each part of the head, painted from the identity.

Colours are linear light (display value squared); shading multiplies them.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from splits.synthetic.head.curves import bump, smoothstep
from splits.synthetic.head.eyes import IRIS_DEGREES
from splits.synthetic.head.identity import Identity
from splits.synthetic.head.paint import mix, smooth_noise
from splits.synthetic.head.parts import Region
from splits.synthetic.head.skin_look import from_tile
from splits.synthetic.head.skin_paint import paint_skin

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


#: Size of a texel (down, across) in metres where it is finest, for the tiles with fine detail.
_TEXEL = {
    Region.SKIN: (0.62e-3, 0.33e-3),
    Region.HAIR: (1.0e-3, 1.0e-3),
    Region.EYE: (0.30e-3, 0.30e-3),
    Region.TEETH: (0.22e-3, 0.18e-3),
}


def soften(atlas: np.ndarray, metres_per_sample: float) -> np.ndarray:
    """The atlas without detail finer than the image's samples, which would flicker in motion."""
    out = atlas.copy()
    for region, texel in _TEXEL.items():
        row, column, rows, columns = TILES[region]
        own = (slice(row, row + rows), slice(column, column + columns))
        sigma = [max(0.30 * (metres_per_sample / size - 1), 0.0) for size in texel]
        out[own] = gaussian_filter(atlas[own], (*sigma, 0), mode="nearest")
    return out


def _grid(region: Region) -> tuple[np.ndarray, np.ndarray]:
    """Tile coordinates (u, w) of texel centres."""
    rows, columns = TILES[region][2:]
    return np.meshgrid((np.arange(columns) + 0.5) / columns, (np.arange(rows) + 0.5) / rows)


def _hair(who: Identity, rng: np.random.Generator) -> np.ndarray:
    u, t = _grid(Region.HAIR)
    shape = u.shape
    if who.hair_style == "curls":
        strands = (
            smooth_noise(rng, shape, (2.4, 2.4)) * 0.8 + smooth_noise(rng, shape, (6, 5)) * 0.5
        )
    else:
        strands = (
            smooth_noise(rng, shape, (40, 1.0)) * 0.55 + smooth_noise(rng, shape, (26, 3.2)) * 0.6
        )
    band = np.exp(-(((t - 0.42 + 0.03 * smooth_noise(rng, shape, (30, 6))) / 0.12) ** 2))
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
    colour = mix(colour, np.array(who.eyes) * 0.25, smoothstep(iris - 6, iris - 1, degrees))
    colour = mix(colour, (0.015, 0.012, 0.012), 1 - smoothstep(9.5, 12.0, degrees))
    white = np.broadcast_to((0.90, 0.885, 0.87), (*u.shape, 3))
    white = mix(white, (0.82, 0.62, 0.58), 0.7 * smoothstep(40, 75, degrees))
    edge = smoothstep(iris - 1.0, iris + 2.0, degrees)[..., None]
    return colour * (1 - edge) + white * edge


def _teeth(rng: np.random.Generator) -> np.ndarray:
    u, t = _grid(Region.TEETH)  # t = 0 gum, 1 biting edge
    enamel = np.broadcast_to((0.90, 0.87, 0.80), (*u.shape, 3))
    tooth = np.floor(u * 14)
    enamel = enamel * (1 + 0.02 * rng.normal(size=14))[np.clip(tooth, 0, 13).astype(int)][..., None]
    within = np.abs(u * 14 - tooth - 0.5) * 2
    enamel = mix(enamel, (0.42, 0.34, 0.29), 0.55 * smoothstep(0.80, 1.0, within))
    scallop = 0.30 + 0.10 * (within**2) - 0.04
    gum = 1 - smoothstep(scallop - 0.04, scallop + 0.03, t)
    return mix(enamel, (0.68, 0.36, 0.36), gum)


def paint_atlas(who: Identity) -> np.ndarray:
    """The atlas of a subject: float32 [ATLAS_HEIGHT, ATLAS_WIDTH, 3], linear light."""
    rng = np.random.default_rng([0x7E87, who.seed])
    skin = np.array(who.skin)
    u, w = _grid(Region.EAR)
    ring = 2 * np.hypot(u - 0.5, w - 0.5)
    ear = mix(
        np.broadcast_to(skin, (*u.shape, 3)), skin * [0.95, 0.70, 0.66], 0.35 + 0.3 * (ring > 0.7)
    )
    hollow = bump(u, w, 0.36, 0.54, 0.10, 0.11)
    ear = mix(ear, skin * [0.45, 0.30, 0.28], 0.9 * hollow)
    rim_u, _ = _grid(Region.LID_RIM)
    rim = mix(
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
        Region.SKIN: paint_skin(*from_tile(np.stack(_grid(Region.SKIN), -1)), who, rng),
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
