"""How far each control moves each point of the skin: one displacement field per control.

Action units after Ekman, Friesen and Hager, Facial Action Coding System (2002): where the skin
is drawn and in which direction. Fields are given at intensity 5 and scaled down linearly. The
jaw, the lids and the eyes turn rather than shift and are not here (`motion.py`).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from splits.synthetic.head.curves import bump, smoothstep
from splits.synthetic.head.topology import (
    MOUTH_HALF_WIDTH,
    MOUTH_V,
    SkinTopology,
    lower_vermilion,
    upper_vermilion,
)

Field = np.ndarray  # float64 [V,3], metres at full intensity


def lower_face(top: SkinTopology) -> np.ndarray:
    """1 below the lips' contact line and 0 above, blending ever more softly beside the mouth."""
    sign = np.sign(top.v - MOUTH_V)
    columns = top.mouth_rings.shape[1]
    below = -np.sign(np.round(np.cos(2 * np.pi * np.arange(columns) / columns), 9))
    sign[top.mouth_rings] = below
    side = np.abs(top.s)
    u = np.clip(side / MOUTH_HALF_WIDTH, 0, 1)
    # On the contact line the lips part along an arc; away from it each side is soon on its own.
    parted = (1 - u**2) ** 0.55
    reach = 0.003 + 0.42 * np.maximum(side - 0.010, 0)
    apart = parted + (1 - parted) * smoothstep(0.0, 1.0, np.abs(top.v - MOUTH_V) / reach)
    return 0.5 + 0.5 * sign * apart


def jaw_weight(top: SkinTopology) -> np.ndarray:
    """How far each point turns with the lower jaw, 0..1."""
    side = np.abs(top.s)
    weight = lower_face(top)
    weight = weight * (1 - smoothstep(0.070, 0.128, side))
    return weight * (1 - 0.85 * smoothstep(0.116, 0.150, top.v))


class _Face:
    """Canonical coordinates with the helpers that fields are written in."""

    def __init__(self, top: SkinTopology) -> None:
        self.s, self.v = top.s, top.v
        self.side, self.out = np.abs(top.s), np.sign(top.s)
        self.low = lower_face(top)
        self.up = 1 - self.low
        self.u = np.clip(self.side / MOUTH_HALF_WIDTH, 0, 1.2)

    def hill(self, s0: float, v0: float, width: float, height: float) -> np.ndarray:
        """A hill on both sides of the face at once."""
        return bump(self.side, self.v, s0, v0, width, height)

    def move(self, weight: np.ndarray, out: float = 0, down: float = 0, away: float = 0) -> Field:
        """`weight` times a direction in millimetres: outward, down, away from the viewer."""
        step = np.stack([self.out * out, np.full_like(self.s, down), np.full_like(self.s, away)], 1)
        return weight[:, None] * step * 1e-3

    def red(self) -> np.ndarray:
        """1 on the vermilion, fading over the skin around it."""
        reach = np.where(self.up > 0.5, upper_vermilion(self.u), lower_vermilion(self.u)) + 0.001
        across = np.abs(self.v - MOUTH_V) / reach
        return np.exp(-((across / 1.35) ** 4)) * (1 - smoothstep(0.9, 1.2, self.u))

    def middle(self, width: float = 0.019) -> np.ndarray:
        """1 in the middle of the mouth, 0 beyond its corners."""
        return np.exp(-((self.side / width) ** 4))


def _brows(f: _Face) -> dict[str, Field]:
    return {
        "AU01": f.move(f.hill(0.012, -0.022, 0.0105, 0.0120), down=-8.5, out=-0.6)
        + f.move(f.hill(0.012, -0.042, 0.0130, 0.0100), down=-3.5),
        "AU02": f.move(f.hill(0.042, -0.022, 0.0130, 0.0125), down=-8.5)
        + f.move(f.hill(0.042, -0.042, 0.0150, 0.0100), down=-3.0),
        "AU04": f.move(f.hill(0.016, -0.019, 0.0120, 0.0085), down=6.0, out=-3.6)
        + f.move(f.hill(0.040, -0.021, 0.0110, 0.0080), down=2.5)
        + f.move(f.hill(0.006, -0.016, 0.0045, 0.0080), away=-1.6),
    }


def _midface(f: _Face) -> dict[str, Field]:
    crease = f.hill(0.0275, 0.050, 0.0045, 0.013)
    return {
        "AU06": f.move(f.hill(0.038, 0.021, 0.0150, 0.0095), down=-4.6, away=-2.6)
        + f.move(f.hill(0.052, 0.004, 0.0080, 0.0080), down=-1.6, out=-1.0),
        "AU09": f.move(f.hill(0.011, 0.036, 0.0080, 0.0090), down=-4.6, away=-0.8)
        + f.move(f.hill(0.009, 0.006, 0.0060, 0.0080), down=-2.6, away=-1.4)
        + f.move(f.hill(0.012, -0.018, 0.0090, 0.0070), down=2.6, out=-1.6)
        + f.move(f.hill(0.012, 0.060, 0.0110, 0.0075) * f.up, down=-2.6),
        "AU10": f.move(f.hill(0.010, 0.062, 0.0130, 0.0085) * f.up, down=-6.6, away=-1.0)
        + f.move(f.hill(0.024, 0.046, 0.0070, 0.0090), down=-3.2, away=-1.2)
        + f.move(crease * f.up, away=0.8),
    }


def _corners(f: _Face) -> dict[str, Field]:
    corner = f.hill(0.0255, 0.068, 0.0085, 0.0085)
    wide = f.hill(0.0280, 0.068, 0.0130, 0.0130)
    cheek = f.hill(0.041, 0.036, 0.0130, 0.0120)
    flatten = f.red() * f.middle()
    return {
        "AU12": f.move(0.65 * corner + 0.45 * wide, out=9.2, down=-8.8, away=4.6)
        + f.move(cheek, down=-3.0, away=-3.2, out=1.0)
        + f.move(flatten, down=-1.2, away=1.4)
        + f.move(f.hill(0.030, 0.053, 0.0040, 0.0090), away=1.3),
        "AU14": f.move(corner, out=4.6, away=3.4)
        + f.move(f.hill(0.033, 0.067, 0.0035, 0.0060), away=2.2),
        "AU15": f.move(0.7 * corner + 0.3 * wide, down=7.4, out=0.8, away=1.0)
        + f.move(f.hill(0.027, 0.084, 0.0090, 0.0080), down=2.0, away=-0.8),
        "AU20": f.move(0.6 * corner + 0.5 * wide, out=9.0, down=0.4, away=4.4)
        + f.move(flatten, away=1.0),
    }


def _lips(f: _Face) -> dict[str, Field]:
    red, middle = f.red(), f.middle()
    lips = f.hill(0.0, 0.068, 0.0190, 0.0115)
    corner = f.hill(0.0260, 0.068, 0.0090, 0.0100)
    toward = np.where(f.up > 0.5, 1.0, -1.0) * np.clip(np.abs(f.v - MOUTH_V) / 0.009, 0, 1)
    away_from = f.low - f.up
    inner = np.exp(-((np.abs(f.v - MOUTH_V) / 0.0120) ** 2)) * np.clip(1 - f.u**2, 0, 1) ** 0.75
    zone = f.hill(0.0, 0.068, 0.0210, 0.0140)
    narrow = -f.s / MOUTH_HALF_WIDTH * f.hill(0.0, 0.068, 0.0260, 0.0150)
    squeeze = f.move(red * toward * middle, down=1.0)
    return {
        "AU17": f.move(f.hill(0.0, 0.096, 0.0160, 0.0105), down=-5.6, away=-1.8)
        + f.move(lips * f.low, down=-3.4, away=-2.0)
        + f.move(lips * f.up, down=-1.6, away=-0.6),
        "AU18": np.stack([narrow * 10.5e-3, 0 * f.s, 0 * f.s], 1)
        + f.move(lips, away=-5.6)
        + f.move(corner, away=-1.5),
        "AU22": np.stack([narrow * 6.2e-3, 0 * f.s, 0 * f.s], 1)
        + f.move(lips, away=-5.2)
        + f.move(inner * away_from, down=2.0)
        + f.move(zone * away_from * (1 - inner), down=1.5),
        "AU23": 2.4 * squeeze + f.move(red * middle, away=1.6)
        + np.stack([narrow * 1.6e-3, 0 * f.s, 0 * f.s], 1),
        "AU24": 3.0 * squeeze + f.move(zone * f.low, down=-1.6) + f.move(zone * f.up, down=1.2)
        + f.move(red * middle, away=1.0),
        "AU25": f.move(inner * f.up, down=-2.6, away=-0.4)
        + f.move(inner * f.low, down=4.8, away=0.2)
        + f.move(f.hill(0, 0.086, 0.017, 0.010) * f.low * (1 - inner), down=2.4),
    }  # fmt: skip


def skin_fields(top: SkinTopology) -> dict[str, Field]:
    """Displacements of the skin per unit of each linear control: name -> float64 [V,3], metres."""
    face = _Face(top)
    builders: tuple[Callable[[_Face], dict[str, Field]], ...] = (_brows, _midface, _corners, _lips)
    fields: dict[str, Field] = {}
    for build in builders:
        fields.update({name: field / 5.0 for name, field in build(face).items()})
    return fields
