"""The cell store: finished work, content-addressed, one folder per cell.

A cell's key is the hash of everything that determines its outcome. A finished cell is a folder
that is synced and renamed into place in one step, so a reader sees all of it or nothing; a killed
run leaves only `*.partial` folders behind, which the next run continues or removes. Locks are per
cell, so any number of processes and machines work in one folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from filelock import BaseFileLock

from harness.contracts import BadInput, HarnessError
from harness.engine.cells.locks import claim
from harness.files.documents import read_object
from harness.storage import storage_error, write_json, write_text

#: Seconds after which an untouched partial cell is removed, also that of a fit.
ABANDONED_SECONDS = 14 * 24 * 3600

#: Kinds of cells whose lock has the cell's own key: unlocked, a partial one is a leftover.
LOCKED_ALONE = ("truth", "render", "time")


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)


def hash_of(value: Any, digits: int = 24) -> str:
    """Hex digest of plain values."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:digits]


@dataclass(frozen=True)
class Cell:
    """A stored piece of work.

    `inputs` is everything that determines the outcome; `label` is only for messages.
    """

    kind: str  # "truth", "fit", "stage", "render", "time", "score"
    label: str
    inputs: Mapping[str, Any]

    @cached_property
    def key(self) -> str:
        """Hex digest of kind and inputs."""
        return hash_of({"kind": self.kind, "inputs": self.inputs})


class Store:
    """Finished and failed cells below one run folder."""

    def __init__(self, root: Path) -> None:
        self.root = root / "cells"

    def place(self, kind: str, key: str) -> Path:
        """Folder of the finished cell with that key, whether or not it exists yet."""
        return self.root / kind / key

    def path(self, cell: Cell) -> Path:
        """Folder of the finished cell, whether or not it exists yet."""
        return self.place(cell.kind, cell.key)

    def done(self, cell: Cell) -> bool:
        """Whether the cell is finished."""
        return self.has(cell.kind, cell.key)

    def has(self, kind: str, key: str) -> bool:
        """Whether a cell of that key is finished."""
        return (self.place(kind, key) / "cell.json").is_file()

    def record(self, cell: Cell) -> dict[str, Any]:
        """The record of the finished cell; see `read`."""
        return self.read(cell.kind, cell.key)

    def read(self, kind: str, key: str) -> dict[str, Any]:
        """The record of a finished cell.

        Raises:
            BadInput: the record is damaged, or that of another cell.

        """
        path = self.place(kind, key) / "cell.json"
        cure = f"Delete {path.parent}; the next run computes it again."
        record = read_object(path, cure, finite=False)
        if record.get("key") != key:
            raise BadInput(path, f"is not the record of cell {key}", cure)
        return record

    def claim(self, name: str) -> BaseFileLock | None:
        """The lock of a cell or of a group of cells by its key; None where another process has it.

        The files stay: removing a lock file lets two processes hold it.
        """
        return claim(self.root / ".locks" / f"{name}.lock")

    @contextmanager
    def open(self, cell: Cell, keep_partial: bool = False) -> Iterator[tuple[Path, dict[str, Any]]]:
        """A folder to work in and a record to fill; committed if the block succeeds.

        With `keep_partial` an interrupted block leaves its folder for the next attempt, which
        is how a fit resumes; otherwise it is removed. On an exception nothing is committed.
        """
        final, partial = self.path(cell), self.path(cell).with_suffix(".partial")
        if not keep_partial:
            shutil.rmtree(partial, ignore_errors=True)
        try:
            partial.mkdir(parents=True, exist_ok=True)
            record: dict[str, Any] = {
                "kind": cell.kind,
                "label": cell.label,
                "key": cell.key,
                "inputs": dict(cell.inputs),
            }
            yield partial, record
            write_json(partial / "cell.json", record)
            synced(partial)
            shutil.rmtree(final, ignore_errors=True)
            partial.replace(final)
            for path in self._failure_paths(cell.kind, cell.key):
                path.unlink(missing_ok=True)
        except BaseException as error:
            # Determined before the folder is removed, which frees the disk.
            ours = isinstance(error, HarnessError) or not isinstance(error, Exception)
            sentence = None if ours else storage_error(error, self.root)
            if not keep_partial:
                shutil.rmtree(partial, ignore_errors=True)
            if sentence:
                raise sentence from error
            raise

    def _failure_paths(self, kind: str, key: str) -> tuple[Path, Path]:
        """The record of a failure, and its traceback for people."""
        place = self.root / kind
        return place / f"{key}.failed.json", place / f"{key}.failed.log"

    def fail(self, cell: Cell, error: BaseException) -> dict[str, Any]:
        """Record that the cell raised: type, message, where, and the full traceback."""
        record = {
            "kind": cell.kind,
            "label": cell.label,
            "type": type(error).__name__,
            "message": str(error),
            "where": where(error),
            "traceback": ""
            if isinstance(error, HarnessError)
            else "".join(traceback.format_exception(error)),
        }
        path, log = self._failure_paths(cell.kind, cell.key)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(log, record["traceback"] or f"{record['type']}: {record['message']}\n")
        write_json(path, record)
        return {**record, "log": str(log)}

    def failure(self, kind: str, key: str) -> dict[str, Any] | None:
        """The record of the cell's last failure; None if it never failed or has finished since."""
        path, log = self._failure_paths(kind, key)
        try:
            return {**read_object(path, finite=False), "log": str(log)}
        except BadInput:
            return None

    def sweep(self) -> None:
        """Remove leftovers of killed runs that no run will continue."""
        for path in self.root.glob("*/*.partial"):
            with suppress(OSError):
                old = time.time() - path.stat().st_mtime > ABANDONED_SECONDS
                alone = path.parent.name in LOCKED_ALONE
                if (old or alone) and (lock := self.claim(path.stem)):
                    shutil.rmtree(path, ignore_errors=True)
                    lock.release()


def where(error: BaseException) -> str:
    """File and line at which an exception was raised, outside of installed packages if possible."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "site-packages" not in frame.filename]
    last = (own or frames)[-1] if frames else None
    return f"{last.filename}:{last.lineno}" if last else ""


def synced(folder: Path) -> None:
    """Flush a folder's files and names to the disk, as far as the file system can."""
    for path in [*folder.rglob("*"), folder]:
        with suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
