"""The skin's rest surface: a head of revolution-like sections, then nose, sockets, lids and lips.

Head frame, metres: x to the viewer's right, y down, z away from the viewer. The eyes lie at
y = 0, the chin at about y = 0.112, the crown at about y = -0.112.
"""

from __future__ import annotations

import numpy as np

from splits.synthetic.head.curves import bump, curve, smoothstep
from splits.synthetic.head.identity import Identity
from splits.synthetic.head.topology import (
    ARC_RADIUS,
    EYE_RING_OFFSETS,
    LIP_RING_FRACTIONS,
    MOUTH_HALF_WIDTH,
    MOUTH_V,
    V_POLE,
    SkinTopology,
)

EYE_RADIUS = 0.0123
LID_THICKNESS = 0.0011

_HEIGHT = curve([(-0.165, -0.112), (-0.152, -0.111), (-0.13, -0.1045), (-0.105, -0.090),
                 (-0.08, -0.0705), (-0.065, -0.0585), (-0.05, -0.046), (-0.035, -0.0335),
                 (-0.02, -0.0198), (0.0, 0.0), (0.112, 0.112), (0.15, 0.15)])  # fmt: skip
_HALF_WIDTH = curve([(-0.165, 0.0), (-0.152, 0.0165), (-0.13, 0.0400), (-0.105, 0.0590),
                     (-0.08, 0.0695), (-0.05, 0.0745), (-0.02, 0.0740), (0.0, 0.0720),
                     (0.03, 0.0690), (0.055, 0.0640), (0.08, 0.0570), (0.10, 0.0490),
                     (0.112, 0.0440)])  # fmt: skip
_FRONT = curve([(-0.165, 0.0), (-0.152, 0.0200), (-0.13, 0.0470), (-0.105, 0.0700),
                (-0.08, 0.0840), (-0.065, 0.0895), (-0.05, 0.0930), (-0.035, 0.0950),
                (-0.018, 0.0955), (0.0, 0.0925), (0.02, 0.0905), (0.046, 0.0905),
                (0.058, 0.0905), (0.068, 0.0895), (0.082, 0.0880), (0.098, 0.0910),
                (0.106, 0.0885), (0.112, 0.0830)])  # fmt: skip
_BACK = curve([(-0.165, 0.0), (-0.152, 0.0250), (-0.13, 0.0560), (-0.105, 0.0790),
               (-0.08, 0.0910), (-0.05, 0.0980), (-0.02, 0.0990), (0.01, 0.0940),
               (0.04, 0.0820), (0.07, 0.0700), (0.112, 0.0600)])  # fmt: skip
_SQUARENESS = curve([(-0.165, 2.0), (-0.08, 2.15), (-0.02, 2.35), (0.03, 2.3), (0.068, 2.15),
                     (0.112, 2.0)])  # fmt: skip
_JAW_LINE = curve([(0.0, 0.1125), (0.22, 0.1115), (0.5, 0.1040), (0.85, 0.0930), (1.15, 0.0800),
                   (1.45, 0.0660), (2.0, 0.0560), (3.1416, 0.0540)])  # fmt: skip
_UNDER_SCALE = curve([(0.088, 1.0), (0.104, 0.985), (0.112, 0.93), (0.1195, 0.83), (0.13, 0.66),
                      (0.15, 0.46)])  # fmt: skip
_UNDER_DROP = curve([(0.088, 0.0), (0.100, -0.0004), (0.112, -0.0028), (0.1195, -0.0048),
                     (0.130, -0.0060), (0.15, -0.0040)])  # fmt: skip


def base_surface(s: np.ndarray, v: np.ndarray, who: Identity) -> np.ndarray:
    """The head without its features: float64 [V,3]."""
    azimuth = np.abs(s) / ARC_RADIUS
    level = np.clip(v, V_POLE, 0.112)
    width = _HALF_WIDTH(level) * (1 + 0.035 * who.face_width)
    width = width * (1 + 0.055 * who.jaw_width * smoothstep(0.025, 0.085, level))
    front, back = _FRONT(level), _BACK(level)
    front = front + 0.0022 * who.chin_forward * bump(s * 0, v, 0, 0.100, 1, 0.011)
    front = front + 0.002 * who.forehead * bump(s * 0, v, 0, -0.055, 1, 0.02)
    power = _SQUARENESS(level) + 0.10 * who.cheekbones
    depth = np.where(np.cos(azimuth) > 0, front, back)
    sine, cosine = np.abs(np.sin(azimuth)), np.abs(np.cos(azimuth))
    safe_w, safe_d = np.maximum(width, 1e-6), np.maximum(depth, 1e-6)
    radius = ((sine / safe_w) ** power + (cosine / safe_d) ** power) ** (-1 / power)
    radius = radius * _UNDER_SCALE(v)
    y = _HEIGHT(level)
    jaw = _JAW_LINE(azimuth)
    drop = 0.020 + (level - 0.020) * (jaw - 0.020) / (0.112 - 0.020)
    y = np.where(level > 0.020, drop, y) + _UNDER_DROP(v)
    y = y + 0.0045 * who.chin_length * smoothstep(0.072, 0.108, v) * (
        1 - smoothstep(0.6, 1.5, azimuth)
    )
    z = np.where(np.cos(azimuth) > 0, -1.0, 1.0) * radius * cosine
    return np.stack([np.sign(s) * radius * sine, y, z], 1)


def _nose(s: np.ndarray, v: np.ndarray, who: Identity) -> tuple[np.ndarray, np.ndarray]:
    """How far the nose stands forward, and how far it hangs down (metres)."""
    ridge = curve([(-0.016, 0.0), (-0.004, 0.0022 + 0.001 * who.nose_bridge),
                   (0.012, 0.0085 + 0.0016 * who.nose_bridge),
                   (0.026, 0.0150 + 0.0010 * who.nose_height),
                   (0.036, 0.0195 + 0.0018 * who.nose_height),
                   (0.0405, 0.0192 + 0.0018 * who.nose_height), (0.0452, 0.0110),
                   (0.0490, 0.0030), (0.054, 0.0)])(v)  # fmt: skip
    half = curve([(-0.016, 0.0085), (0.0, 0.0072), (0.015, 0.0085), (0.03, 0.0105),
                  (0.042, 0.0120), (0.05, 0.0100)])(v) * (1 + 0.14 * who.nose_width)  # fmt: skip
    profile = 1 / (1 + (np.abs(s) / half) ** 2.6)
    forward = ridge * profile * (1 - smoothstep(0.018, 0.030, np.abs(s)))
    wing = 0.0138 * (1 + 0.16 * who.nose_width)
    side = np.abs(s)
    forward = forward + 0.0062 * bump(side, v, wing, 0.0405, 0.0042, 0.0048)
    forward = forward - 0.0030 * bump(side, v, wing + 0.0058, 0.0405, 0.0022, 0.006)
    forward = forward + 0.0014 * bump(s, v, 0, 0.0385, 0.0065, 0.005)
    forward = forward - 0.0050 * bump(side, v, wing * 0.50, 0.0470, 0.0030, 0.0018)
    hang = (0.0032 - 0.0022 * who.nose_tip_up) * bump(s, v, 0, 0.040, 0.009, 0.006)
    hang = hang + 0.0018 * bump(side, v, wing, 0.043, 0.005, 0.004)
    return forward, hang


def _relief(s: np.ndarray, v: np.ndarray, who: Identity) -> np.ndarray:
    """Everything else that stands forward (positive) of the base (metres)."""
    side = np.abs(s)
    up = (0.0018 + 0.0018 * who.brow_ridge) * bump(side, v, 0.022, -0.0185, 0.018, 0.0065)
    up = up - 0.0095 * bump(side, v, 0.0310, 0.001, 0.0145, 0.0110)
    up = up - 0.0035 * bump(side, v, 0.0175, 0.003, 0.0065, 0.0100)
    up = up + (0.0026 + 0.0016 * who.cheekbones) * bump(side, v, 0.046, 0.024, 0.016, 0.012)
    up = up + (0.0010 + 0.0032 * who.cheek_fullness) * bump(side, v, 0.045, 0.056, 0.018, 0.020)
    up = up + 0.0018 * bump(side, v, 0.029, 0.043, 0.008, 0.010)
    up = up - 0.0011 * bump(
        side, v, 0.0245 + 0.35 * np.clip(v - 0.045, 0, 0.02), 0.052, 0.0028, 0.012
    )
    up = up + 0.0040 * bump(s, v, 0, 0.064, 0.024, 0.013)  # the teeth push the lips forward
    up = up - 0.0012 * bump(s, v, 0, 0.0545, 0.0028, 0.0045)  # philtrum
    up = up + 0.0007 * bump(side, v, 0.0052, 0.0545, 0.0022, 0.0045)
    up = up - 0.0026 * bump(s, v, 0, 0.0835, 0.017, 0.0042)  # mentolabial fold
    up = up + 0.0022 * bump(s, v, 0, 0.0985, 0.013, 0.009)
    up = up - 0.0020 * bump(side, v, 0.0325, 0.0715, 0.0045, 0.008)  # beside the mouth's corners
    return up - 0.0030 * bump(side, v, 0.072, -0.025, 0.014, 0.018)  # temples


def _warp(points: np.ndarray, s: np.ndarray, v: np.ndarray, who: Identity) -> np.ndarray:
    """Moves whole features: spacing, lengths and widths of this subject (offsets [V,3])."""
    side, out = np.abs(s), np.sign(s)
    move = np.zeros_like(points)
    move[:, 0] += out * 0.0011 * who.eye_spacing * bump(side, v, 0.032, 0, 0.016, 0.014)
    eye = bump(side, v, 0.032, 0, 0.013, 0.011)
    move[:, 0] += out * (side - 0.032) * 0.06 * who.eye_size * eye
    move[:, 1] += v * 0.09 * who.eye_size * eye
    move[:, 1] -= (side - 0.032) * 0.07 * who.eye_tilt * eye
    nose = bump(s, v, 0, 0.040, 0.022, 0.012)
    move[:, 1] += 0.0020 * who.nose_length * nose
    mouth = bump(s, v, 0, MOUTH_V, 0.030, 0.014)
    move[:, 0] += s * 0.075 * who.mouth_width * mouth
    move[:, 0] += 0.0009 * who.asymmetry * (nose + bump(s, v, 0, 0.105, 0.03, 0.015))
    return move


def _lips(rest: np.ndarray, top: SkinTopology, who: Identity) -> None:
    """Gives the lip rings their rounded section, in place."""
    lips = len(LIP_RING_FRACTIONS)
    rings = top.mouth_rings[:lips]
    u = np.clip(np.abs(top.s[rings]) / MOUTH_HALF_WIDTH, 0, 1.15)
    columns = rings.shape[1]
    angle = 2 * np.pi * np.arange(columns) / columns
    over = np.cos(angle) > 1e-9
    fraction = np.array(LIP_RING_FRACTIONS)[:, None]
    taper = np.clip(1 - u**2.2, 0, 1) ** 0.7
    thick = np.where(over, 1 + 0.28 * who.lip_upper, 1 + 0.26 * who.lip_lower)
    # Bulge: nothing at the border, a crest below it, and a deep fold at the contact line.
    crest = np.interp(
        fraction, [0, 0.12, 0.35, 0.65, 0.88, 1.0], [-0.55, 0.35, 0.95, 1.0, 0.6, 0.28]
    )
    upper_crest = np.interp(
        fraction, [0, 0.12, 0.35, 0.65, 0.88, 1.0], [-0.55, 0.55, 1.0, 0.80, 0.45, 0.28]
    )
    height = np.where(over, 0.0036 * upper_crest, 0.0040 * crest) * thick**0.7
    rest[rings, 2] -= height * taper
    border = (top.v[rings] - MOUTH_V) * (thick - 1)
    rest[rings, 1] += border
    for k in range(lips, top.mouth_rings.shape[0]):  # the skin follows the border, fading out
        fade = 1 - (k - lips + 1) / (top.mouth_rings.shape[0] - lips + 1)
        rest[top.mouth_rings[k], 1] += fade * border[-1]
        rest[top.mouth_rings[k], 2] -= fade * 0.6 * height[-1] * taper[-1]
    # The contact line: a flat M in the middle, corners slightly down.
    seam = 0.0011 * np.exp(-((u / 0.20) ** 2)) - 0.0008 * np.exp(-(((u - 0.45) / 0.25) ** 2))
    seam = seam - 0.0010 * np.clip(u, 0, 1) ** 4
    rest[rings, 1] += seam * (1 - 0.6 * fraction)


def eye_centre(who: Identity, side: int) -> np.ndarray:
    """Centre of the eyeball, float64 [3]; `side` is -1 for the viewer's left, 1 for the right."""
    return np.array([side * (0.0318 + 0.0011 * who.eye_spacing), 0.0006, -0.0660])


def _lids(rest: np.ndarray, top: SkinTopology, who: Identity) -> None:
    """Lays the inner eye rings on a sphere around the eyeball, in place."""
    rings = len(EYE_RING_OFFSETS)
    hold = 1 - smoothstep(0.0030, 0.0108, np.array(EYE_RING_OFFSETS))
    for side, eye in ((-1, top.eye_rings[0]), (1, top.eye_rings[1])):
        centre = eye_centre(who, side)
        for k in range(rings):
            point = rest[eye[k]]
            flat = point - centre
            # The shell widens sideways so that the canthi reach round the eyeball's edge.
            reach = EYE_RADIUS + LID_THICKNESS + 0.0004 * k
            across = np.hypot(flat[:, 0] * 0.74, flat[:, 1])
            depth = np.sqrt(np.maximum(reach**2 - across**2, (0.30 * reach) ** 2))
            shell = centre[2] - depth
            rest[eye[k], 2] = hold[k] * shell + (1 - hold[k]) * point[:, 2]


def rest_skin(top: SkinTopology, who: Identity) -> np.ndarray:
    """The neutral skin: float64 [V,3], metres."""
    s, v = top.s, top.v
    rest = base_surface(s, v, who)
    forward, hang = _nose(s, v, who)
    facing = np.clip(np.cos(np.abs(s) / ARC_RADIUS), 0, 1)
    rest[:, 2] -= (forward + _relief(s, v, who)) * np.where(np.abs(s) < 0.12, 1.0, facing)
    rest[:, 1] += hang
    rest += _warp(rest, s, v, who)
    _lips(rest, top, who)
    _lids(rest, top, who)
    return rest
