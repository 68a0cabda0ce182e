"""What every piece of the head is made of: rest vertices, faces, texture coordinates, region."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np


class Region(IntEnum):
    """What a vertex or face belongs to."""

    SKIN = 0
    EAR = 1
    HAIR = 2
    EYE = 3
    LID_RIM = 4
    LIP_INNER = 5
    CAVITY = 6
    TEETH = 7
    TONGUE = 8


#: Regions that the `mouth` mask holds: what only an open mouth shows.
MOUTH_REGIONS = (Region.CAVITY, Region.TEETH, Region.TONGUE)


@dataclass(frozen=True)
class Part:
    """One piece of a mesh.

    vertices: float64 [n,3] at rest; faces: int64 [m,3], clockwise as seen from its visible side;
    uv: float64 [n,2] in [0,1] within the part's own tile; shade: float64 [n], ambient light that
    reaches it (1 = open); gloss: float64 [n], strength of the highlight.
    """

    region: Region
    vertices: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    shade: np.ndarray
    gloss: np.ndarray


def grid_faces(rows: int, columns: int) -> np.ndarray:
    """Triangles [n,3] of a grid stored row by row, clockwise where rows run down, columns right."""
    at = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = at[:-1, :-1], at[:-1, 1:], at[1:, :-1], at[1:, 1:]
    flip = (np.add.outer(np.arange(rows - 1), np.arange(columns - 1)) % 2).astype(bool)[..., None]
    first = np.where(flip, np.stack([a, b, d], -1), np.stack([a, b, c], -1))
    second = np.where(flip, np.stack([a, d, c], -1), np.stack([b, d, c], -1))
    return np.concatenate([first.reshape(-1, 3), second.reshape(-1, 3)])


def mirrored(part: Part) -> Part:
    """The same piece on the other side of the face."""
    return Part(
        part.region,
        part.vertices * [-1, 1, 1],
        part.faces[:, ::-1],
        part.uv,
        part.shade,
        part.gloss,
    )
