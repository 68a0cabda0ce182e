"""Per-item values (of frames or windows): one CSV file a row of a leaderboard.

Its columns are `sequence,seed,column,frame,value`, in long form: `frame` is the index of the
frame or window in its sequence, and an empty value is an item that failed.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.contracts import BadInput, Row
from harness.files.reading import checked_file, reading
from harness.storage import make_folder, write_text

if TYPE_CHECKING:
    import pandas as pd

HEADER = ("sequence", "seed", "column", "frame", "value")

_CURE = "Run again into the same folder: finished work is kept, and the items are rewritten."


@dataclass(frozen=True)
class RowItems:
    """The items of one row: of every seed, and their mean over seeds.

    runs: column -> (sequence, seed) -> items in time order, float64 [n]; NaN where one failed.
    """

    runs: Mapping[str, Mapping[tuple[str, int], np.ndarray]]
    #: What was asked for before; a page asks for a column once a row that it is compared with.
    _columns: dict[str, dict[str, np.ndarray]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def column(self, name: str) -> dict[str, np.ndarray]:
        """Sequence -> items, averaged over seeds; NaN where any seed has none.

        Seeds repeat one experiment: they are not further sequences.
        """
        if name not in self._columns:
            grouped: dict[str, list[np.ndarray]] = {}
            for (sequence, _), values in self.runs.get(name, {}).items():
                grouped.setdefault(sequence, []).append(values)
            self._columns[name] = {
                sequence: np.mean(runs, axis=0)
                for sequence, runs in grouped.items()
                if len({len(run) for run in runs}) == 1
            }
        return self._columns[name]

    def frames(self, sequence: str) -> int:
        """Frames of a sequence: no column has more items."""
        runs = (item for runs in self.runs.values() for item in runs.items())
        return max((len(values) for (name, _), values in runs if name == sequence), default=0)


def write(path: Path, entries: Iterable[tuple[str, int, str, np.ndarray]]) -> Path:
    """Write the items of one row; equal entries give equal bytes, and values are read back exactly.

    Args:
        path: the file, replaced in one step.
        entries: (sequence, seed, column, values float [n]); NaN where an item failed.

    Raises:
        BadInput: the disk refuses.

    """
    text = io.StringIO()
    text.write(",".join(HEADER) + "\n")
    for sequence, seed, column, values in entries:
        start = f"{quoted(sequence)},{seed},{quoted(column)}"
        for frame, value in enumerate(np.asarray(values, np.float64).tolist()):
            text.write(f"{start},{frame},{'' if value != value else repr(value)}\n")
    make_folder(path.parent)
    write_text(path, text.getvalue())
    return path


def quoted(name: str) -> str:
    """A name as a field of CSV; control characters inside too."""
    plain = name.isprintable() and not {",", '"'} & set(name)
    return name if plain else '"' + name.replace('"', '""') + '"'


def read(folder: Path, row: Row) -> RowItems:
    """All items of one row of a run folder; none if it names no file.

    Raises:
        BadInput: the file is absent or damaged, or of a sequence or seed that the row has not.

    """
    if not row.items:
        return RowItems({})
    if row.items[0].endswith(".jsonl"):
        from reports import legacy

        return legacy.read_items(folder, row)
    import pandas as pd

    table, path = to_frame(folder, row), folder / row.items[0]
    numbers, names = zip(*(pd.factorize(table[k]) for k in ("sequence", "column")), strict=True)
    keys = [*numbers, table["seed"].to_numpy()]
    frames, values = table["frame"].to_numpy(), table["value"].to_numpy()
    changed = np.any([key[1:] != key[:-1] for key in keys], axis=0)
    starts = np.flatnonzero(np.concatenate([[len(table) > 0], changed]))
    places = np.arange(len(table)) - np.repeat(starts, np.diff([*starts, len(table)]))
    if len(bad := np.flatnonzero(frames != places)):
        fact = f"item {bad[0] + 1} has frame {frames[bad[0]]}, and {places[bad[0]]} is next"
        raise BadInput(path, fact, _CURE)
    sequences, columns = (list(map(str, found)) for found in names)
    known = {(name, seed) for name in row.sequences for seed in row.seeds}
    runs: dict[str, dict[tuple[str, int], np.ndarray]] = {}
    for start, part in zip(starts, np.split(values, starts[1:]), strict=False):
        column, key = columns[keys[1][start]], (sequences[keys[0][start]], int(keys[2][start]))
        if key not in known:
            fact = f"{key[0]!r}, seed {key[1]} is not part of the row {row.method!r}"
            raise BadInput(path, fact, _CURE)
        if key in runs.setdefault(column, {}):
            raise BadInput(path, f"{column} of {key[0]!r}, seed {key[1]} is not contiguous", _CURE)
        runs[column][key] = part
    return RowItems(runs)


def to_frame(folder: Path, row: Row) -> pd.DataFrame:
    """The file of one row as a table: the columns of `HEADER`, NaN where an item failed.

    Raises:
        BadInput: the file is absent or damaged.

    """
    import pandas as pd

    if not any(name.endswith(".csv") for name in row.items):  # of an older schema, or none
        runs = read(folder, row).runs
        lines = [
            (sequence, seed, column, frame, value)
            for column, found in runs.items()
            for (sequence, seed), values in found.items()
            for frame, value in enumerate(values)
        ]
        return pd.DataFrame(lines, columns=list(HEADER))
    path = folder / row.items[0]
    # Not as categories, of which "007" and "7" would be one.
    kinds = {"sequence": object, "seed": "int64", "column": object, "frame": "int64"}
    # From 3.1 on floats are read exactly in any case, and the option is deprecated.
    exact = tuple(map(int, pd.__version__.split(".")[:2])) >= (3, 1)
    checked_file(path, "array", _CURE)
    with reading(path, "CSV file of items", _CURE):
        table = pd.read_csv(  # type: ignore[call-overload]  # no overload takes an open `**`
            path,
            dtype={**kinds, "value": "float64"},
            keep_default_na=False,
            na_values={"value": [""]},
            low_memory=False,
            encoding_errors="surrogateescape",
            **({} if exact else {"float_precision": "round_trip"}),
        )
        if tuple(table.columns) != HEADER:
            raise ValueError(f"its header is {','.join(map(str, table.columns))}")
    return table
