"""Light on vertices: smooth normals, three lamps that stand in the room, sky and ground light."""

from __future__ import annotations

import numpy as np
from scipy import sparse


def _unit(x: float, y: float, z: float) -> np.ndarray:
    v = np.array([x, y, z], np.float32)
    return v / np.sqrt((v**2).sum())


#: Directions towards the lamps in camera axes (x right, y down, z away), with linear colours.
KEY, KEY_COLOUR = _unit(-0.55, -0.60, -0.75), np.array([1.02, 0.96, 0.88], np.float32)
FILL, FILL_COLOUR = _unit(0.85, -0.10, -0.60), np.array([0.24, 0.27, 0.32], np.float32)
RIM, RIM_COLOUR = _unit(0.60, -0.50, 0.62), np.array([0.40, 0.42, 0.46], np.float32)
SKY = np.array([0.36, 0.37, 0.40], np.float32)
GROUND = np.array([0.20, 0.17, 0.15], np.float32)
#: Light is wrapped a little around the terminator, as it is in skin.
WRAP = 0.22


def dots(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Row-wise dot products [n] of [n,3] and [n,3] (faster than a sum over so short an axis)."""
    return a[:, 0] * b[:, 0] + a[:, 1] * b[:, 1] + a[:, 2] * b[:, 2]


def norms(a: np.ndarray) -> np.ndarray:
    """Row-wise lengths [n,1] of [n,3]."""
    return np.sqrt(dots(a, a))[:, None]


class SmoothNormals:
    """Area-weighted vertex normals for one set of faces."""

    def __init__(self, faces: np.ndarray, count: int) -> None:
        self._faces = faces
        rows = faces.reshape(-1)
        columns = np.repeat(np.arange(len(faces)), 3)
        ones = np.ones(len(rows), np.float32)
        self._gather = sparse.csr_matrix((ones, (rows, columns)), shape=(count, len(faces)))

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Unit normals float32 [V,3] of points [V,3], towards the faces' visible side."""
        corner = points[self._faces]
        e, f = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
        # Faces run clockwise as seen, with y down, so the outward normal is f x e.
        face = np.empty_like(e)
        face[:, 0] = f[:, 1] * e[:, 2] - f[:, 2] * e[:, 1]
        face[:, 1] = f[:, 2] * e[:, 0] - f[:, 0] * e[:, 2]
        face[:, 2] = f[:, 0] * e[:, 1] - f[:, 1] * e[:, 0]
        normal = self._gather @ face
        length = norms(normal)
        return (normal / np.maximum(length, 1e-20)).astype(np.float32)


def light(
    normals: np.ndarray, points: np.ndarray, shade: np.ndarray, gloss: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Light that falls on, and is mirrored by, each vertex.

    Args:
        normals: float32 [V,3] in camera axes.
        points: float32 [V,3] in camera axes.
        shade: float32 [V], share of the ambient light that arrives.
        gloss: float32 [V], strength of the highlight.

    Returns:
        diffuse float32 [V,3], to multiply the colour with; specular float32 [V], to add.

    """
    key = np.maximum(normals @ KEY + WRAP, 0) / (1 + WRAP)
    fill = np.maximum(normals @ FILL + WRAP, 0) / (1 + WRAP)
    rim = np.maximum(normals @ RIM, 0)
    up = (0.5 - 0.5 * normals[:, 1])[:, None]
    ambient = GROUND + (SKY - GROUND) * up
    lamps = key[:, None] * KEY_COLOUR + fill[:, None] * FILL_COLOUR
    open_to = (0.35 + 0.65 * shade)[:, None]
    diffuse = ambient * shade[:, None] + lamps * open_to
    view = -points / norms(points)
    facing = np.clip(dots(normals, view), 0, 1)
    diffuse += (rim * (1 - facing) ** 2 * shade)[:, None] * RIM_COLOUR
    specular = highlight(normals, view, KEY, 18.0) + 0.3 * highlight(normals, view, FILL, 12.0)
    return diffuse, gloss * specular * shade


def highlight(normals: np.ndarray, view: np.ndarray, lamp: np.ndarray, power: float) -> np.ndarray:
    """Blinn-Phong highlight of one lamp, float32 [n]."""
    half = view + lamp
    return np.maximum(dots(normals, half / norms(half)), 0) ** np.float32(power)
