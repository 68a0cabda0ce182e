"""OpenFace's FeatureExtraction CSV: FACS intensities `AUxx_r` and where the face was tracked.

The names are OpenFace 2.2's, with or without the space that it writes before all but the first
(` AU01_r`), in any order (TadasBaltrusaitis/OpenFace wiki, "Output Format").
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.contracts import AU_RANGE, ActionUnits, BadInput
from harness.files.reading import read_text, reading

#: The 17 units whose intensity OpenFace 2.2 gives, in its column order.
OPENFACE_UNITS = tuple(
    f"AU{n:02d}" for n in (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)
)

_AGAIN = "Run OpenFace's FeatureExtraction on the video again."
#: Relative difference below which two frame rates are one, such as 29.97 and 30.
_SAME_RATE = 2e-3
_ONE_FACE = "Crop the video to one face and use FeatureExtraction, not its multi-face variant."


@dataclass(frozen=True)
class Table:
    """The cells of a CSV file as text, rows of the video's frames in order."""

    path: Path
    columns: dict[str, int]  # name without spaces -> position
    rows: list[list[str]]

    @property
    def units(self) -> tuple[str, ...]:
        """Units with an intensity, in the file's order: `AU01`, ..."""
        return tuple(n[:-2] for n in self.columns if n.startswith("AU") and n.endswith("_r"))

    def intensities(self, units: Sequence[str], rows: Sequence[int]) -> np.ndarray:
        """Intensities of some units in some rows, float32 [len(rows),len(units)].

        Raises:
            BadInput: a cell is not a finite number; names it.

        """
        places = [self.columns[f"{unit}_r"] for unit in units]
        values = np.empty((len(rows), len(units)), np.float32)
        for i, row in enumerate(rows):
            values[i] = [self._number(row, place) for place in places]
        return values

    def numbers(self, name: str) -> np.ndarray | None:
        """A column of numbers, float64 [T]; None where the file has no such column."""
        if name not in self.columns:
            return None
        place = self.columns[name]
        return np.array([self._number(row, place) for row in range(len(self.rows))], float)

    def integers(self, name: str) -> np.ndarray | None:
        """A column of whole numbers, int64 [T]; None where the file has no such column."""
        numbers = self.numbers(name)
        return None if numbers is None else np.rint(numbers).astype(int)

    def _number(self, row: int, place: int) -> float:
        cell = self.rows[row][place]
        try:
            value = float(cell)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            name = list(self.columns)[list(self.columns.values()).index(place)]
            fact = f"{name} in data row {row + 1} is {cell!r}, not a finite number"
            raise BadInput(self.path, fact, _AGAIN)
        return value


def read_table(path: Path, count: int | None = None) -> Table:
    """Read the cells of a CSV file.

    Args:
        path: the file.
        count: rows to read where the file may hold more; None for all.

    Raises:
        BadInput: unreadable or empty; no `AUxx_r` column, or one that occurs twice; fewer rows
            than `count`; a row with fewer cells than the header; rows of several faces.

    """
    text = read_text(path, "CSV file", _AGAIN)
    with reading(path, "CSV file", _AGAIN):
        lines = [row for row in csv.reader(io.StringIO(text), skipinitialspace=True) if row]
    if not lines:
        raise BadInput(path, "it is empty", _AGAIN)
    names = [cell.strip() for cell in lines[0]]
    table = Table(path, {name: i for i, name in enumerate(names)}, lines[1:][:count])
    if not table.units:
        raise BadInput(path, "it has no AUxx_r column", "Give OpenFace's FeatureExtraction csv.")
    if twice := sorted({name for name in names if name and names.count(name) > 1}):
        raise BadInput(path, f"duplicate column in the header: {', '.join(twice)}", _AGAIN)
    if count is not None and len(table.rows) < count:
        fact = f"{len(table.rows)} rows for {count} frames"
        raise BadInput(path, fact, "Run OpenFace on the whole video.")
    for i, row in enumerate(table.rows):
        if len(row) < len(names):
            fact = f"data row {i + 1} has {len(row)} cells, the header {len(names)}"
            raise BadInput(path, fact, _AGAIN)
    _check_faces(table)
    return table


def read_success(table: Table) -> np.ndarray:
    """Frames in which OpenFace tracked the face, bool [T].

    All true if the file has no `success` column (images rather than a video).
    """
    success = table.integers("success")
    return np.ones(len(table.rows), bool) if success is None else success == 1


def read_openface(
    path: Path, units: Sequence[str] = OPENFACE_UNITS, fps: float | None = None
) -> ActionUnits:
    """Intensities of a whole video, one row a frame; rows that the tracker failed on are NaN.

    Args:
        path: the CSV file of FeatureExtraction.
        units: the units that must be there; the result has these alone, in this order.
        fps: frames per second of the video; None where it is not known.

    Returns:
        Float32 [T,len(units)] in 0..5. `success == 0` gives a NaN row, whatever its values.

    Raises:
        BadInput: what `read_table` and `check_frames` refuse; no rows; missing units, all named;
            in a row of a tracked face, a cell that is not a number in 0..5.

    """
    path = Path(path)
    table = read_table(path)
    if missing := [unit for unit in units if unit not in table.units]:
        names = ", ".join(f"{unit}_r" for unit in missing)
        raise BadInput(path, f"it lacks {names}", "Run OpenFace 2.2 with all action units.")
    if not table.rows:
        raise BadInput(path, "it has a header and no rows", _AGAIN)
    check_frames(table, fps)
    success = read_success(table)
    values = np.full((len(success), len(units)), np.nan, np.float32)
    seen = np.flatnonzero(success)
    values[seen] = table.intensities(units, seen.tolist())
    # OpenFace clamps when it calibrates at the end; a run that was stopped leaves other values.
    low, high = AU_RANGE
    outside = np.argwhere((values < low) | (values > high))
    if len(outside):
        row, column = outside[0]
        fact = f"{units[column]}_r in data row {row + 1} is {values[row, column]:g}, outside 0..5"
        cure = f"OpenFace was stopped early, or did not write the FACS scale. {_AGAIN}"
        raise BadInput(path, fact, cure)
    return ActionUnits(values, tuple(units))


def _check_faces(table: Table) -> None:
    faces = table.integers("face_id")
    if faces is not None and len(ids := sorted(set(faces.tolist()))) > 1:
        fact = f"{len(ids)} faces (face_id {', '.join(map(str, ids[:5]))})"
        raise BadInput(table.path, fact, _ONE_FACE)


def check_frames(table: Table, fps: float | None = None) -> None:
    """Refuse rows that are not the consecutive frames of a video.

    Args:
        table: rows, as far as they are used.
        fps: frames per second of the video; None where it is not known.

    Raises:
        BadInput: `frame`, where it is there, does not count on from 0 or 1; `timestamp`, where it
            is there, belongs to another frame rate.

    """
    _check_numbers(table)
    times = table.numbers("timestamp")
    # Of images OpenFace knows no times and writes zeros.
    if fps is None or times is None or len(times) < 2 or times[-1] <= times[0]:
        return
    rate = (len(times) - 1) / (times[-1] - times[0])
    # Times are rounded to milliseconds.
    if abs(rate / fps - 1) > _SAME_RATE + 1e-3 / (times[-1] - times[0]):
        fact = f"its time stamps are those of {rate:.4g} frames per second, its video has {fps:.4g}"
        raise BadInput(table.path, fact, "Run OpenFace on this very video.")


def _check_numbers(table: Table) -> None:
    frames = table.integers("frame")
    if frames is None or not len(frames):
        return
    if frames[0] not in (0, 1):
        fact = f"its first frame is {frames[0]}, not 0 or 1"
        raise BadInput(table.path, fact, _AGAIN)
    breaks = np.flatnonzero(np.diff(frames) != 1)
    if len(breaks):
        first = breaks[0]
        fact = f"frame {frames[first]} is followed by {frames[first + 1]}"
        raise BadInput(table.path, fact, _AGAIN)


__all__ = ["OPENFACE_UNITS", "Table", "check_frames", "read_openface", "read_success", "read_table"]
