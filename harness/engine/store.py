"""The cell store: finished work, content-addressed, one folder a cell.

A cell's key is the hash of everything that determines its outcome. A finished cell is a
folder renamed into place in one step, so a reader sees all of it or nothing, and a killed
run leaves only `*.partial` folders behind, which the next run takes up or sweeps away.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.contracts import BadInput, HarnessError
from harness.storage import storage_error, write_text


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)


def write_json(path: Path, value: Any) -> None:
    """Write JSON under a temporary name and rename it into place."""
    write_text(path, json.dumps(value, indent=1, default=str) + "\n")


@dataclass(frozen=True)
class Cell:
    """A unit of work: one stage of one method on one sequence with one seed.

    `inputs` is everything that determines the outcome; `label` is for people only.
    """

    stage: str  # "truth", "fit", "render", "time", "score"
    label: str
    inputs: Mapping[str, Any]

    @cached_property
    def key(self) -> str:
        """Hex digest of stage and inputs."""
        text = canonical_json({"stage": self.stage, "inputs": self.inputs})
        return hashlib.sha256(text.encode()).hexdigest()[:24]


class Store:
    """Finished and failed cells below one run folder."""

    def __init__(self, root: Path) -> None:
        self.root = root / "cells"

    def path(self, cell: Cell) -> Path:
        """Where the finished cell lies, whether or not it is there yet."""
        return self.root / cell.stage / cell.key

    def done(self, cell: Cell) -> bool:
        """Whether the cell is finished."""
        return (self.path(cell) / "cell.json").is_file()

    def record(self, cell: Cell) -> dict[str, Any]:
        """What the finished cell recorded of itself.

        Raises:
            BadInput: the record is damaged, or that of another cell.

        """
        path = self.path(cell) / "cell.json"
        cure = f"Delete {path.parent}; the next run does it again."
        try:
            record = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise BadInput(path, f"cannot be read ({error})", cure) from error
        if not isinstance(record, dict) or record.get("key") != cell.key:
            raise BadInput(path, f"is not the record of cell {cell.key}", cure)
        return record

    @contextmanager
    def open(self, cell: Cell, keep_partial: bool = False) -> Iterator[tuple[Path, dict[str, Any]]]:
        """A folder to work in and a record to fill; committed when the block ends well.

        With `keep_partial` an interrupted block leaves its folder for the next attempt, which
        is how a fit resumes; otherwise it is removed. On an exception nothing is committed.
        """
        final, partial = self.path(cell), self.path(cell).with_suffix(".partial")
        if not keep_partial:
            shutil.rmtree(partial, ignore_errors=True)
        try:
            partial.mkdir(parents=True, exist_ok=True)
            record: dict[str, Any] = {
                "stage": cell.stage,
                "label": cell.label,
                "key": cell.key,
                "inputs": dict(cell.inputs),
            }
            yield partial, record
            write_json(partial / "cell.json", record)
            shutil.rmtree(final, ignore_errors=True)
            partial.replace(final)
            self._failure_path(cell).unlink(missing_ok=True)
        except BaseException as error:
            # Asked before the folder goes, and with it what filled the disk.
            ours = isinstance(error, HarnessError) or not isinstance(error, Exception)
            sentence = None if ours else storage_error(error, self.root)
            if not keep_partial:
                shutil.rmtree(partial, ignore_errors=True)
            if sentence:
                raise sentence from error
            raise

    def _failure_path(self, cell: Cell) -> Path:
        return self.root / cell.stage / f"{cell.key}.failed.json"

    def fail(self, cell: Cell, error: BaseException) -> dict[str, Any]:
        """Record that the cell raised; the next run tries it again."""
        record = {
            "stage": cell.stage,
            "label": cell.label,
            "type": type(error).__name__,
            "message": str(error),
            "traceback": ""
            if isinstance(error, HarnessError)
            else "".join(traceback.format_exception(error)),
        }
        self._failure_path(cell).parent.mkdir(parents=True, exist_ok=True)
        write_json(self._failure_path(cell), record)
        return record
