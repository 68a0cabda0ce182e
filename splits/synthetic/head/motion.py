"""From controls to vertices: linear fields, then the turning jaw, lids and eyes, then contact.

Contact is what keeps a closed mouth closed: where the lips' margins would cross, both give way
to their common middle, and the rings around them follow less and less.
"""

from __future__ import annotations

import numpy as np

from splits.synthetic.controls import CONTROLS
from splits.synthetic.head.controls_fields import jaw_weight, skin_fields
from splits.synthetic.head.curves import smoothstep
from splits.synthetic.head.interior import FOLLOW, Cavity
from splits.synthetic.head.skin import EYE_RADIUS
from splits.synthetic.head.topology import EYE_RING_OFFSETS, SkinTopology

TMJ = np.array([0.0, 0.014, 0.006])  # a point on the axis of the jaw's joints
JAW_DEGREES_PER_AU26 = 2.4  # 12 degrees at intensity 5
CONTACT_BAND = 0.0005  # metres over which nearly closed margins are drawn together
_LIP_FOLLOW = np.array([1.0, 0.92, 0.72, 0.45, 0.25, 0.15, 0.06, 0.0, 0.0])
_CLOSED_LIP = 0.88  # part of the aperture that the upper lid closes; the lower does the rest


def turn_x(points: np.ndarray, angle: np.ndarray, about: np.ndarray) -> np.ndarray:
    """Rotate points [n,3] about the x axis through `about` by `angle` radians (front goes down)."""
    y, z = points[:, 1] - about[1], points[:, 2] - about[2]
    c, s = np.cos(angle), np.sin(angle)
    return np.stack([points[:, 0], about[1] + y * c - z * s, about[2] + y * s + z * c], 1)


class Motion:
    """Moves one subject's head. All arrays are fixed at construction; `__call__` keeps no state."""

    def __init__(
        self,
        top: SkinTopology,
        rest: np.ndarray,
        lining: Cavity,
        slices: dict[str, slice],
        eye_centres: np.ndarray,
    ) -> None:
        self._top, self._rest, self._lining = top, rest, lining
        self._slices, self._eyes = slices, eye_centres
        self._fields = []
        for name, field in skin_fields(top).items():
            moved = np.flatnonzero(np.abs(field).max(1) > 1e-7)  # half a micron at full intensity
            self._fields.append((CONTROLS.index(name), moved, field[moved]))
        self._jaw = jaw_weight(top)
        self._index = {name: i for i, name in enumerate(CONTROLS)}
        self._prepare_lids()
        half = top.mouth_rings.shape[1] // 2
        upper = np.array([c for c in range(2 * half) if np.cos(np.pi * c / half) > 1e-9])
        self.lip_columns = upper, (half - upper) % (2 * half)

    def _prepare_lids(self) -> None:
        """Angles that close each lid column, from the rest pose."""
        rings, columns = self._top.eye_rings.shape[1:]
        hold = 1 - smoothstep(0.0, EYE_RING_OFFSETS[-1] * 1.05, np.array(EYE_RING_OFFSETS)) ** 0.8
        half = columns // 2
        upper = np.arange(1, half)
        self._lid_columns = upper, columns - upper
        self._lid_upper, self._lid_lower = [], []
        for eye in range(2):
            ring = self._rest[self._top.eye_rings[eye]] - self._eyes[eye]
            tilt = np.arctan2(-ring[..., 1], -ring[..., 2])  # elevation above the eye's axis
            gap = np.zeros(columns)
            gap[upper] = tilt[0, upper] - tilt[0, columns - upper]
            gap[columns - upper] = gap[upper]
            up, low = np.zeros((rings, columns)), np.zeros((rings, columns))
            for k in range(rings):
                here = gap if k % 2 == 0 else (gap + np.roll(gap, -1)) / 2
                over = np.arange(columns) + (0.5 if k % 2 else 0.0)
                is_up = (over > 0) & (over < half)
                up[k] = hold[k] * here * is_up
                low[k] = -hold[k] * here * ((over > half) & (over < columns))
            self._lid_upper.append(up)
            self._lid_lower.append(low)

    def _close_lips(self, points: np.ndarray) -> None:
        """Part lips that crossed, and join those that all but touch, in place."""
        rings = self._top.mouth_rings
        up, low = self.lip_columns
        top, bottom = points[rings[0, up]], points[rings[0, low]]
        gap = bottom[:, 1] - top[:, 1]
        middle = (top + bottom) / 2
        draw = 1 - smoothstep(0.0, CONTACT_BAND, gap)
        shift_up = (middle - top) * draw[:, None]
        shift_low = (middle - bottom) * draw[:, None]
        for k, follow in enumerate(_LIP_FOLLOW):
            if follow:
                points[rings[k, up]] += follow * shift_up
                points[rings[k, low]] += follow * shift_low

    def _turn_lids(self, points: np.ndarray, controls: np.ndarray) -> None:
        """Turn both lids about the eyes' lateral axes, in place; the upper follows the gaze."""
        au = {n: controls[self._index[n]] / 5.0 for n in ("AU05", "AU06", "AU07", "AU45")}
        look_up = np.deg2rad(controls[self._index["gaze_pitch"]])
        low = np.clip(
            (1 - _CLOSED_LIP) * au["AU45"] + 0.22 * au["AU07"] + 0.16 * au["AU06"], -0.1, 0.4
        )
        up = _CLOSED_LIP * au["AU45"] + 0.16 * au["AU07"] - 0.34 * au["AU05"] - 0.45 * look_up
        up = np.clip(up, -0.5, 1 - low)
        for eye in range(2):
            ring = self._top.eye_rings[eye]
            angle = (up * self._lid_upper[eye] + low * self._lid_lower[eye]).reshape(-1)
            index = ring.reshape(-1)
            centre = self._eyes[eye]
            moved = turn_x(points[index], angle, centre)
            # Nothing of a lid may sink into the eyeball.
            offset = moved - centre
            distance = np.sqrt((offset**2).sum(1))
            inside = np.maximum(EYE_RADIUS + 0.0005 - distance, 0) / np.maximum(distance, 1e-9)
            points[index] = moved + offset * inside[:, None]
            upper, lower = (ring[0, c] for c in self._lid_columns)
            gap = points[lower, 1] - points[upper, 1]
            draw = 0.5 * (1 - smoothstep(0.0, CONTACT_BAND, gap))[:, None]
            toward = (points[lower] - points[upper]) * draw
            points[upper] += toward
            points[lower] -= toward

    def _turn_eyes(self, points: np.ndarray, controls: np.ndarray) -> None:
        """Turn the eyeballs: positive yaw to the viewer's right, positive pitch upward."""
        yaw = np.deg2rad(controls[self._index["gaze_yaw"]])
        pitch = np.deg2rad(controls[self._index["gaze_pitch"]])
        cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
        for eye, name in enumerate(("eye_left", "eye_right")):
            part = self._slices[name]
            offset = self._rest[part] - self._eyes[eye]
            y = offset[:, 1] * cp + offset[:, 2] * sp
            z = -offset[:, 1] * sp + offset[:, 2] * cp
            x, z = offset[:, 0] * cy - z * sy, offset[:, 0] * sy + z * cy
            points[part] = self._eyes[eye] + np.stack([x, y, z], 1)

    def __call__(self, controls: np.ndarray) -> np.ndarray:
        """Vertices float32 [V,3] for one frame's controls [C]."""
        controls = np.asarray(controls, np.float64)
        points = self._rest.copy()
        for index, moved, field in self._fields:
            if controls[index]:
                points[moved] += controls[index] * field
        degrees = (
            controls[self._index["jaw"]] + JAW_DEGREES_PER_AU26 * controls[self._index["AU26"]]
        )
        angle = np.deg2rad(degrees)
        skin = slice(0, len(self._jaw))
        if degrees:
            points[skin] = turn_x(points[skin], angle * self._jaw, TMJ)
            for name in ("teeth_lower", "tongue"):
                part = self._slices[name]
                points[part] = turn_x(points[part], np.full(1, angle), TMJ)
        self._close_lips(points)
        self._turn_lids(points, controls)
        self._follow(points, angle)
        self._raise_tongue(points, controls)
        self._turn_eyes(points, controls)
        return points.astype(np.float32)

    def _follow(self, points: np.ndarray, angle: float) -> None:
        """The lips' lining and the lids' rims go where their margins went."""
        lining, rest = self._lining, self._rest
        own = self._slices["cavity"]
        margin = self._top.mouth_rings[0]
        shift = points[margin] - rest[margin]
        still = rest[own]
        turned = turn_x(still, angle * lining.lower, TMJ)
        for k, ring in enumerate(lining.rings):
            local = ring - own.start
            turned[local] = FOLLOW[k] * (still[local] + shift) + (1 - FOLLOW[k]) * turned[local]
        points[own] = turned
        for eye, name in enumerate(("rim_left", "rim_right")):
            part = self._slices[name]
            centre = self._eyes[eye]
            points[part] = centre + (points[self._top.eye_rings[eye, 0]] - centre) * 0.90

    def _raise_tongue(self, points: np.ndarray, controls: np.ndarray) -> None:
        """Lift the tongue, its tip most, towards the upper teeth, in place."""
        part = self._slices["tongue"]
        rest = self._rest[part]
        front = 1 - (rest[:, 2] - rest[:, 2].min()) / np.ptp(rest[:, 2])
        lift = controls[self._index["tongue"]] * (0.0025 + 0.0085 * front)
        points[part, 1] -= lift
        points[part, 2] -= 0.3 * lift
