"""Results of schemas 1 to 3: their words, their items in JSON lines, and what they left unsaid."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness.contracts import BadInput, Row
from harness.files.reading import read_text, reading
from reports.items import RowItems

LEVELS = {
    "persons": "subjects",
    "recordings": "sequences",
    "left-out persons": "left-out subjects",
    "left-out recordings": "left-out sequences",
}


def upgrade(data: dict[str, Any]) -> None:
    """Put the content of an older `results.json` into the words of the present schema.

    `schema_version` stays. No column says how it aggregates: its numbers have to show it.
    """
    for row in data["rows"]:
        for score in row["scores"].values():
            level = score.get("level", "")
            score["level"] = LEVELS.get(level, level)
    for failure in data["failures"]:
        failure["kind"] = failure.get("stage")
    for facts in data["columns"].values():
        facts["needs_timing"] = facts.get("metric") == "fps"
    data["sequences"] = data.get("recordings", {})


def read_items(folder: Path, row: Row) -> RowItems:
    """All items of one row, from a file for each sequence and seed.

    Raises:
        BadInput: a file is absent or damaged, or named after no sequence of the row.

    """
    runs: dict[str, dict[tuple[str, int], np.ndarray]] = {}
    for name in row.items:
        key = owner(name, row)
        for column, values in read_file(folder / name).items():
            runs.setdefault(column, {})[key] = values
    return RowItems(runs)


def owner(name: str, row: Row) -> tuple[str, int]:
    """Sequence and seed of a file of items, after its name.

    Raises:
        BadInput: the name is of no sequence of the row.

    """
    known = {re.sub(r"[^\w.+-]", "-", sequence): sequence for sequence in row.sequences}
    known |= {sequence.replace("/", "-"): sequence for sequence in row.sequences}
    stem = Path(name).name.removesuffix(".jsonl")
    stems = [(stem, row.seeds[0] if row.seeds else 0)]
    seed = re.search(r"--s(\d+)$", stem)
    if seed and int(seed[1]) in row.seeds:
        stems.insert(0, (stem[: seed.start()], int(seed[1])))
    for text, number in stems:
        parts = text.split("--")
        for start in range(len(parts)):  # the longest name first
            if (sequence := known.get("--".join(parts[start:]))) is not None:
                return sequence, number
    fact = f"names none of the {len(row.sequences)} sequences of {row.method}"
    raise BadInput(name, fact, "Keep the files as the run wrote them, or run again.")


def read_file(path: Path) -> dict[str, np.ndarray]:
    """Column -> items in time order, float64 [n], of one JSON-lines file.

    Raises:
        BadInput: it is absent or a line is damaged.

    """
    cure = "Run again into the same folder: finished work is kept, and the items are rewritten."
    found: dict[str, list[float]] = {}
    for number, line in enumerate(read_text(path, "record of items", cure).splitlines()):
        with reading(path, f"record of items in line {number + 1}", cure):
            for column, value in entries(json.loads(line), number, found):
                if value is not None and type(value) not in (int, float):
                    raise ValueError(f"{value!r} is not a number")
                found.setdefault(column, []).append(np.nan if value is None else value)
    return {name: np.array(values) for name, values in found.items()}


def entries(
    line: dict[str, Any], number: int, found: Mapping[str, list[float]]
) -> Iterator[tuple[str, Any]]:
    """(column, value) of a line: all columns of a frame, or one window of one column."""
    if "column" in line:
        if line["item"] != len(found.get(line["column"], ())):
            raise ValueError(f"item {line['item']} is out of order")
        yield line["column"], line["value"]
        return
    if line.pop("frame") != number:
        raise ValueError(f"it should be of frame {number}")
    yield from line.items()
