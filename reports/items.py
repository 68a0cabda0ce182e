"""Reader of the per-item values that lie beside stored results."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from harness.contracts import BadInput, Row, Score

#: Column -> recording -> items in time order, float64 [n]; NaN where an item failed.
Columns = Mapping[str, Mapping[str, np.ndarray]]


@dataclass(frozen=True)
class RowItems:
    """The items of one row: of every seed, and their mean over seeds.

    runs: column -> (recording, seed) -> items, float64 [n].
    """

    runs: Mapping[str, Mapping[tuple[str, int], np.ndarray]]
    #: What was asked for before; a page asks for a column once a row that it is compared with.
    _columns: dict[str, dict[str, np.ndarray]] = field(
        default_factory=dict, repr=False, compare=False
    )
    _weights: dict[tuple[str, float | None], str | None] = field(
        default_factory=dict, repr=False, compare=False
    )

    def column(self, name: str) -> dict[str, np.ndarray]:
        """Recording -> items, averaged over seeds; NaN where any seed has none.

        Seeds repeat one experiment: they are no further recordings.
        """
        if name not in self._columns:
            self._columns[name] = self._averaged(name)
        return self._columns[name]

    def _averaged(self, name: str) -> dict[str, np.ndarray]:
        grouped: dict[str, list[np.ndarray]] = {}
        for (recording, _), values in self.runs.get(name, {}).items():
            grouped.setdefault(recording, []).append(values)
        return {
            recording: np.mean(runs, axis=0)
            for recording, runs in grouped.items()
            if len({len(run) for run in runs}) == 1
        }

    def frames(self, recording: str) -> int:
        """Frames of a recording: no column has more items."""
        return max(
            (
                len(v)
                for runs in self.runs.values()
                for (name, _), v in runs.items()
                if name == recording
            ),
            default=0,
        )

    def weights(self, name: str, score: Score | None) -> str | None:
        """How the column's value is the mean of its items, or None where it is not.

        Returns:
            "recordings": mean of the recordings' means; "items": mean of all items; None: another
            function of the data (a Fréchet distance, a pooled PSNR), which no item has a part in.

        """
        key = name, None if score is None else score.value
        if key not in self._weights:
            self._weights[key] = self._weighted(name, score)
        return self._weights[key]

    def _weighted(self, name: str, score: Score | None) -> str | None:
        runs = self.runs.get(name, {})
        if score is None or score.value is None or not runs:
            return None
        seeds: dict[int, list[np.ndarray]] = {}  # each is pooled by itself, then they are averaged
        for (_, seed), values in runs.items():
            if len(finite := values[np.isfinite(values)]):
                seeds.setdefault(seed, []).append(finite)
        if not seeds:
            return None
        near = 1e-6 * max(abs(score.value), 1.0)
        means = [np.mean([values.mean() for values in found]) for found in seeds.values()]
        if abs(np.mean(means) - score.value) <= near:
            return "recordings"
        if abs(np.mean([np.concatenate(f).mean() for f in seeds.values()]) - score.value) <= near:
            return "items"
        return None


def read(folder: Path, row: Row) -> RowItems:
    """All items of one row.

    Raises:
        BadInput: a file is absent, damaged, or of no recording of the row.

    """
    runs: dict[str, dict[tuple[str, int], np.ndarray]] = {}
    known = written(row)
    for name in row.items:
        key = owner(name, row, known)
        for column, values in read_file(folder / name).items():
            runs.setdefault(column, {})[key] = values
    return RowItems(runs)


def written(row: Row) -> dict[str, str]:
    """What files call a recording -> its name."""
    calls = {re.sub(r"[^\w.+-]", "-", name): name for name in row.sequences}
    return calls | {name.replace("/", "-"): name for name in row.sequences}


def owner(name: str, row: Row, known: Mapping[str, str] | None = None) -> tuple[str, int]:
    """Recording and seed of a file of items, after its name.

    Args:
        name: of the file.
        row: that it belongs to.
        known: `written(row)`, where it is at hand.

    Raises:
        BadInput: no recording of the row is named.

    """
    known = written(row) if known is None else known
    stem = Path(name).name.removesuffix(".jsonl")
    stems = [(stem, row.seeds[0] if row.seeds else 0)]
    seed = re.search(r"--s(\d+)$", stem)
    if seed and int(seed[1]) in row.seeds:
        stems.insert(0, (stem[: seed.start()], int(seed[1])))
    for text, number in stems:
        parts = text.split("--")
        for start in range(len(parts)):  # the longest name first
            recording = known.get("--".join(parts[start:]))
            if recording is not None:
                return recording, number
    raise BadInput(
        name,
        f"names none of the {len(row.sequences)} recordings of {row.method}",
        "Keep the files as the run wrote them, or run again.",
    )


def read_file(path: Path) -> dict[str, np.ndarray]:
    """Column -> items in time order, float64 [n], of one JSON-lines file.

    Raises:
        BadInput: it is absent or a line is damaged.

    """
    frames: dict[str, list[float]] = {}
    windows: dict[str, list[float]] = {}
    cure = "Run again into the same folder: finished work is kept, and the items are rewritten."
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(path, f"cannot be read ({error})", cure) from error
    lines = text.splitlines()
    for number, (line, entry) in enumerate(zip(lines, parsed(lines), strict=True), 1):
        try:
            entry = json.loads(line) if entry is None else entry
            if "column" in entry:
                series = windows.setdefault(entry["column"], [])
                if entry["item"] != len(series):
                    raise ValueError(f"item {entry['item']} follows {len(series) - 1}")
                series.append(number_of(entry["value"]))
                continue
            frame = entry.pop("frame")
            if frame != number - 1:
                raise ValueError(f"frame {frame} stands at place {number - 1}")
            for column, value in entry.items():
                series = frames.get(column)
                if series is None:
                    series = frames[column] = []
                series.append(value if type(value) is float else number_of(value))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadInput(path, f"line {number} is damaged ({error})", cure) from error
    return {name: np.array(values) for name, values in {**frames, **windows}.items()}


def parsed(lines: list[str]) -> list[Any]:
    """All lines in one call of the parser, which is four times as fast; None where one is damaged.

    The reader then parses line by line and names the damaged one.
    """
    try:
        entries = json.loads(f"[{','.join(lines)}]")
    except ValueError:
        entries = []
    return entries if len(entries) == len(lines) else [None] * len(lines)


def number_of(value: object) -> float:
    """A stored value; null is an item that failed."""
    if value is None:
        return float("nan")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is no number")
    return float(value)
