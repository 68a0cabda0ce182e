"""From a decoded frame to RGB as it is shown: orientation, and what its colours are taken for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.sidedata.sidedata import Type

from harness.contracts import BadInput

#: ITU-T H.273 matrix coefficients -> name. Unspecified (2) is decoded as bt601, as FFmpeg does.
MATRICES = {0: "rgb", 1: "bt709", 2: "", 4: "fcc", 5: "bt601", 6: "bt601", 7: "smpte240m",
            8: "ycgco", 9: "bt2020", 10: "bt2020"}  # fmt: skip

#: H.273 transfer functions that need tone mapping: PQ and HLG.
HDR = {16: "PQ", 18: "HLG"}

#: FFmpeg's colour ranges.
RANGES = {0: "", 1: "limited", 2: "full"}


@dataclass(frozen=True)
class Orientation:
    """How a stored picture is turned to be shown: transposed first, then flipped."""

    transposed: bool = False
    flip_x: bool = False  # left and right
    flip_y: bool = False  # top and bottom

    def apply(self, picture: np.ndarray) -> np.ndarray:
        """A stored picture [H,W,3] as it is shown."""
        if self.transposed:
            picture = picture.transpose(1, 0, 2)
        step_y, step_x = -1 if self.flip_y else 1, -1 if self.flip_x else 1
        return np.ascontiguousarray(picture[::step_y, ::step_x])

    def __str__(self) -> str:
        """For the record; empty if nothing is done."""
        flips = self.flip_x, self.flip_y
        mirrored = self.transposed == (self.flip_x == self.flip_y)
        if not mirrored:
            degrees = {(True, True): 180, (True, False): 90, (False, True): 270}.get(flips)
            return f"rotated by {degrees} degrees clockwise" if degrees else ""
        kinds = {(1, 0): "left to right", (0, 1): "top to bottom",
                 (0, 0): "at a diagonal", (1, 1): "at the other diagonal"}  # fmt: skip
        return f"mirrored {kinds[flips]}"


def orientation_of(frame: av.VideoFrame, path: Path) -> Orientation:
    """What the display matrix of a frame says.

    The matrix is that of ISO/IEC 14496-12 (8.2.2): nine int32, of which the first, second,
    fourth and fifth map (x, y) to (a x + c y, b x + d y).

    Raises:
        BadInput: a matrix that is not a turn by quarters, with or without a mirror.

    """
    data = frame.side_data.get(Type.DISPLAYMATRIX)  # type: ignore[call-overload]  # by type too
    if data is None:
        return Orientation()
    a, b, _, c, d = np.frombuffer(bytes(data), np.int32)[:5].tolist()
    if a and d and not (b or c):
        return Orientation(False, a < 0, d < 0)
    if b and c and not (a or d):
        return Orientation(True, c < 0, b < 0)
    raise BadInput(
        path,
        "its display matrix turns the picture by less than a quarter",
        "Write it upright first: `ffmpeg -i IN -vf null -c:v libx264 -crf 12 OUT.mp4`.",
    )


def colour_of(frame: av.VideoFrame, pixel_format: str) -> str:
    """How the colours of a frame are decoded, and whether the file states so."""
    if av.VideoFormat(pixel_format).is_rgb:
        return "rgb"
    matrix, spread = MATRICES.get(int(frame.colorspace), ""), RANGES.get(int(frame.color_range), "")
    if matrix in ("", "rgb"):
        matrix = "bt601 assumed"
    if not spread:
        spread = "full" if pixel_format.startswith("yuvj") else "limited assumed"
    return f"{matrix}, {spread} range"
