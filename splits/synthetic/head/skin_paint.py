"""Paints the skin: complexion, beard, freckles, lines, lips, lids, brows and the scalp's edge.

Every layer is a function of the canonical coordinates (s, v), so a feature lies where the mesh
has it. Colours are display RGB in 0..1.
"""

from __future__ import annotations

import numpy as np

from splits.synthetic.head.curves import bump, curve, smoothstep
from splits.synthetic.head.hair import style_of
from splits.synthetic.head.identity import Identity
from splits.synthetic.head.paint import mix, smooth_noise
from splits.synthetic.head.skin_look import red_of_lips
from splits.synthetic.head.topology import (
    ARC_RADIUS,
    EYE_HALF_WIDTH,
    EYE_S,
    MOUTH_V,
    lower_lid,
    upper_lid,
)

Image = np.ndarray  # float64 [rows,columns,3]


def paint_skin(s: np.ndarray, v: np.ndarray, who: Identity, rng: np.random.Generator) -> np.ndarray:
    """The skin's colours at canonical coordinates [rows,columns]: float64 [rows,columns,3]."""
    colour = _complexion(s, v, who, rng)
    colour = _beard_and_freckles(colour, s, v, who, rng)
    colour = _lines(colour, s, v, who)
    colour = _nostrils_and_lips(colour, s, v, who, rng)
    colour = _lids(colour, s, v, who)
    colour = mix(colour, np.array(who.hair) * 0.75, 0.93 * _brow(s, v, who, rng))
    edge = style_of(who)[0](np.abs(s) / ARC_RADIUS)
    fuzzy = edge + 0.0018 * smooth_noise(rng, s.shape, (4, 2.5))
    scalp = 1 - smoothstep(-0.003, 0.004, v - fuzzy)
    return mix(colour, np.array(who.hair) * 0.6, 0.9 * scalp)


def _complexion(s: np.ndarray, v: np.ndarray, who: Identity, rng: np.random.Generator) -> Image:
    side, shape, skin = np.abs(s), s.shape, np.array(who.skin)
    colour = np.broadcast_to(skin, (*shape, 3))
    blush = skin * [1.0, 0.80, 0.78]
    colour = mix(colour, blush, 0.55 * bump(side, v, 0.043, 0.028, 0.016, 0.014))
    colour = mix(colour, blush, 0.50 * bump(s, v, 0, 0.040, 0.010, 0.008))
    colour = mix(colour, blush, 0.30 * bump(s, v, 0, 0.099, 0.014, 0.008))
    bright = np.clip(skin * 1.05, 0, 1)
    colour = mix(colour, bright, 0.5 * bump(s, v, 0, -0.045, 0.040, 0.014))
    socket = skin * [0.84, 0.76, 0.76]
    colour = mix(colour, socket, 0.55 * bump(side, v, 0.028, 0.0105, 0.012, 0.0042))
    colour = mix(colour, socket, 0.50 * bump(side, v, 0.033, -0.0095, 0.015, 0.0040))
    mottle = 0.018 * smooth_noise(rng, shape, 9) + 0.012 * smooth_noise(rng, shape, 2)
    return colour * (1 + mottle)[..., None]


def _beard_and_freckles(
    colour: Image, s: np.ndarray, v: np.ndarray, who: Identity, rng: np.random.Generator
) -> Image:
    side, shape, skin = np.abs(s), s.shape, np.array(who.skin)
    beard = bump(s, v, 0, 0.088, 0.055, 0.020) + bump(s, v, 0, 0.056, 0.022, 0.005)
    below = smoothstep(0.050, 0.060, v + 0.25 * np.maximum(side - 0.03, 0))
    grain = 0.65 + 0.35 * np.clip(smooth_noise(rng, shape, 0.7), -1, 1)
    shadow = np.array(who.hair) * 0.5 + skin * [0.30, 0.30, 0.33]
    colour = mix(colour, shadow, 0.62 * who.stubble * np.clip(beard * 1.3, 0, 1) * below * grain)
    spots = smooth_noise(rng, shape, 1.1) > 1.35
    zone = bump(side, v, 0.030, 0.022, 0.024, 0.016) + 0.5 * bump(s, v, 0, 0.02, 0.012, 0.015)
    freckle = skin * [0.72, 0.55, 0.45]
    return mix(colour, freckle, 0.8 * who.freckles * np.clip(zone, 0, 1) * spots)


def _lines(colour: Image, s: np.ndarray, v: np.ndarray, who: Identity) -> Image:
    side = np.abs(s)
    crease = np.array(who.skin) * [0.66, 0.55, 0.52]
    for level, strength in ((-0.036, 0.8), (-0.045, 1.0), (-0.054, 0.8)):
        wavy = level + 0.0012 * np.sin(side * 90 + level * 900)
        line = np.exp(-(((v - wavy) / 0.0007) ** 2)) * (1 - smoothstep(0.022, 0.042, side))
        colour = mix(colour, crease, 0.42 * who.age * strength * line)
    for slope in (-0.35, 0.0, 0.35):  # crow's feet
        foot = np.exp(-(((v + 0.001 - slope * (side - 0.050)) / 0.0006) ** 2))
        near = smoothstep(0.050, 0.053, side) * (side < 0.063)
        colour = mix(colour, crease, 0.5 * who.age * foot * near)
    fold_s = 0.0195 + 0.55 * np.clip(v - 0.042, 0, 0.03)
    fold = np.exp(-(((side - fold_s) / 0.0010) ** 2))
    fold = fold * smoothstep(0.040, 0.047, v) * (1 - smoothstep(0.060, 0.070, v))
    return mix(colour, crease, (0.10 + 0.35 * who.age) * fold)


def _nostrils_and_lips(
    colour: Image, s: np.ndarray, v: np.ndarray, who: Identity, rng: np.random.Generator
) -> Image:
    side, skin = np.abs(s), np.array(who.skin)
    nostril = bump(side, v, 0.0070, 0.0472, 0.0027, 0.0013)
    colour = mix(colour, skin * [0.26, 0.16, 0.15], 1.15 * nostril)
    lip = skin * (1 - 0.5 * who.lip_tint) + 0.5 * who.lip_tint * np.array([0.72, 0.28, 0.30])
    lip = lip * [0.93, 0.72, 0.73]
    red = red_of_lips(s, v)
    ridges = 1 + 0.05 * smooth_noise(rng, s.shape, (3.0, 0.8))
    colour = mix(colour, lip, 0.92 * red) * np.where(red > 0.5, ridges, 1.0)[..., None]
    seam = np.exp(-(((v - MOUTH_V) / 0.0007) ** 2)) * (side < 0.0265)
    return mix(colour, lip * [0.45, 0.35, 0.35], 0.75 * seam)


def _lids(colour: Image, s: np.ndarray, v: np.ndarray, who: Identity) -> Image:
    """Lashes along both margins and the fold of the upper lid."""
    u = (np.abs(s) - EYE_S) / EYE_HALF_WIDTH
    tilt = 0.0012 * (0.3 - u)
    inside = np.sign(u) * np.clip(np.abs(u), 0, 1)
    over = v - (tilt - upper_lid(inside))  # negative above the upper margin
    under = v - (tilt + lower_lid(inside))
    near = smoothstep(-1.15, -0.75, u) * (1 - smoothstep(1.02, 1.20, u))
    lash = np.array(who.hair) * 0.25
    reach = 0.0011 + 0.0005 * np.clip(u, 0, 1)
    upper = smoothstep(-reach * 1.7, -reach * 0.6, over) * (over < 0.0015)
    colour = mix(colour, lash, 0.95 * near * upper)
    lower = (under > -0.001) * (1 - smoothstep(0.0003, 0.0010, under))
    colour = mix(colour, lash, 0.42 * near * lower)
    fold = np.exp(-(((over + 0.0042) / 0.0008) ** 2)) * smoothstep(-0.95, -0.5, u) * (u < 1.05)
    return mix(colour, np.array(who.skin) * [0.60, 0.48, 0.46], 0.50 * fold)


def _brow(s: np.ndarray, v: np.ndarray, who: Identity, rng: np.random.Generator) -> np.ndarray:
    """Cover of the brows, 0..1, with strokes."""
    side = np.abs(s)
    line = curve(
        [
            (0.009, -0.0170),
            (0.022, -0.0203 - 0.0007 * who.brow_arch),
            (0.039, -0.0232 - 0.0016 * who.brow_arch),
            (0.056, -0.0165),
        ]
    )(side)
    half = who.brow_thickness * np.interp(
        side,
        [0.008, 0.013, 0.025, 0.040, 0.050, 0.056],
        [0.0014, 0.0032, 0.0034, 0.0027, 0.0016, 0.0004],
    )
    strokes = smooth_noise(rng, s.shape, (3.0, 1.5))
    cover = smoothstep(-0.0007, 0.0009, half + 0.0004 * strokes - np.abs(v - line))
    ends = smoothstep(0.0085, 0.0130, side) * (1 - smoothstep(0.0520, 0.0565, side))
    return cover * ends * np.clip(0.88 + 0.10 * strokes, 0.6, 1.0)
