"""The 68 landmarks of the iBUG 300-W scheme, as vertices of the head.

Order and meaning: Sagonas et al., 300 Faces In-the-Wild Challenge (2013); left and right are the
viewer's. 0-16 jaw, 17-26 brows, 27-35 nose, 36-47 eyes, 48-67 lips.
"""

from __future__ import annotations

import numpy as np

from splits.synthetic.head.topology import EYE_COLUMNS, SkinTopology

_JAW = [(0.1270, 0.004), (0.1240, 0.026), (0.1190, 0.049), (0.1110, 0.071), (0.0960, 0.090),
        (0.0740, 0.101), (0.0500, 0.107), (0.0260, 0.110), (0.0, 0.1105)]  # fmt: skip
_BROW = [
    (0.0510, -0.0150),
    (0.0440, -0.0215),
    (0.0345, -0.0235),
    (0.0245, -0.0225),
    (0.0150, -0.0185),
]
_NOSE = [(0.0, -0.001), (0.0, 0.012), (0.0, 0.026), (0.0, 0.038)]
_NOSTRILS = [(0.0130, 0.0445), (0.0068, 0.0470), (0.0, 0.0485)]


def landmark_vertices(top: SkinTopology) -> np.ndarray:
    """Vertex of each landmark: int64 [68]."""

    def nearest(s: float, v: float) -> int:
        return int(np.argmin((top.s - s) ** 2 + (top.v - v) ** 2))

    def both(points: list[tuple[float, float]]) -> tuple[list[int], list[int]]:
        right = [nearest(s, v) for s, v in points]
        return [int(top.mirror[i]) for i in right], right

    left, right = both(_JAW)
    out = left[:-1] + right[::-1]
    left, right = both(_BROW)
    out += left + right[::-1]
    out += [nearest(s, v) for s, v in _NOSE]
    left, right = both(_NOSTRILS)
    out += left[:-1] + right[::-1]

    half, third = EYE_COLUMNS // 2, EYE_COLUMNS // 6
    columns = [half, half - third, third, 0, EYE_COLUMNS - third, half + third]
    out += [int(top.eye_rings[0, 0, c]) for c in columns]
    # The viewer's right eye starts at its inner corner.
    columns = [0, third, half - third, half, half + third, EYE_COLUMNS - third]
    out += [int(top.eye_rings[1, 0, c]) for c in columns]

    rings, count = top.mouth_rings, top.mouth_rings.shape[1]
    quarter = count // 4
    border, seam = rings[5], rings[0]

    def at(ring: np.ndarray, s: float, upper: bool) -> int:
        own = ring[np.flatnonzero((np.cos(2 * np.pi * np.arange(count) / count) > 0) == upper)]
        return int(own[np.argmin(np.abs(top.s[own] - s))])

    corners = int(border[3 * quarter]), int(border[quarter])
    out += [corners[0], *(at(border, s, True) for s in (-0.0155, -0.0062, 0, 0.0062, 0.0155))]
    out += [corners[1], *(at(border, s, False) for s in (0.0155, 0.0075, 0, -0.0075, -0.0155))]
    out += [int(seam[3 * quarter]), *(at(seam, s, True) for s in (-0.0095, 0, 0.0095))]
    out += [int(seam[quarter]), *(at(seam, s, False) for s in (0.0095, 0, -0.0095))]
    return np.array(out, np.int64)
