"""What the skin looks like apart from its shape: where it lies in its tile, shade and gloss."""

from __future__ import annotations

import numpy as np

from splits.synthetic.head.curves import bump, smoothstep
from splits.synthetic.head.identity import Identity
from splits.synthetic.head.topology import (
    EYE_S,
    MOUTH_V,
    S_BACK,
    V_BOTTOM,
    V_POLE,
    SkinTopology,
    lower_vermilion,
    upper_vermilion,
)

_BEND = 0.12  # metres: how soon the tile spends less room on the sides of the head


def to_tile(s: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Tile coordinates [...,2] in [0,1]; the face's middle gets the most texels."""
    across = s / (1 + np.abs(s) / _BEND)
    edge = S_BACK / (1 + S_BACK / _BEND)
    return np.stack([0.5 + 0.5 * across / edge, (v - V_POLE) / (V_BOTTOM - V_POLE)], -1)


def from_tile(uv: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Canonical (s, v) of tile coordinates [...,2]."""
    edge = S_BACK / (1 + S_BACK / _BEND)
    across = (uv[..., 0] - 0.5) * 2 * edge
    return across / (1 - np.abs(across) / _BEND), V_POLE + uv[..., 1] * (V_BOTTOM - V_POLE)


def skin_uv(top: SkinTopology) -> np.ndarray:
    """Tile coordinates of the skin's vertices, float64 [V,2]."""
    return to_tile(top.s, top.v)


def red_of_lips(s: np.ndarray, v: np.ndarray) -> np.ndarray:
    """1 on the vermilion with a soft border, 0 elsewhere."""
    u = np.abs(s) / 0.0262
    reach = np.where(v < MOUTH_V, upper_vermilion(u), lower_vermilion(u))
    return smoothstep(-0.0005, 0.0010, reach - np.abs(v - MOUTH_V) - 0.0003) * (u < 1.03)


def skin_shade(top: SkinTopology, who: Identity) -> np.ndarray:
    """Ambient light that reaches each vertex, float64 [V]: less in folds, sockets and nostrils."""
    s, v, side = top.s, top.v, np.abs(top.s)
    shade = np.ones_like(s)
    shade -= 0.20 * bump(side, v, 0.0185, -0.002, 0.0055, 0.008)
    shade -= 0.14 * bump(side, v, EYE_S, -0.0085, 0.015, 0.0028)
    shade -= 0.40 * bump(side, v, 0.0070, 0.0475, 0.0042, 0.0024)
    shade -= 0.16 * bump(side, v, 0.0200, 0.0420, 0.0030, 0.0060)
    shade -= 0.10 * bump(s, v, 0, 0.0835, 0.016, 0.0035)
    shade -= 0.22 * bump(side, v, 0.0265, 0.0685, 0.0025, 0.0022)
    shade -= (0.05 + 0.10 * who.age) * bump(
        side, v, 0.0245 + 0.45 * np.clip(v - 0.045, 0, 0.02), 0.053, 0.0024, 0.010
    )
    shade -= 0.45 * smoothstep(0.106, 0.130, v)
    ring0, ring1 = top.mouth_rings[0], top.mouth_rings[1]
    shade[ring0] *= 0.50
    shade[ring1] *= 0.86
    return np.clip(shade, 0.2, 1.0)


def skin_gloss(top: SkinTopology) -> np.ndarray:
    """Strength of the highlight, float64 [V]: lips and the T-zone shine most."""
    side = np.abs(top.s)
    gloss = 0.10 + 0.10 * bump(top.s, top.v, 0, 0.030, 0.007, 0.012)
    gloss += 0.06 * bump(top.s, top.v, 0, -0.045, 0.030, 0.015)
    gloss += 0.05 * bump(side, top.v, 0.045, 0.020, 0.010, 0.010)
    return gloss + 0.22 * red_of_lips(top.s, top.v)
