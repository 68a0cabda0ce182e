"""What was computed from a file's content, kept until the file changes.

An entry is found by path, size, modification time and inode, so that asking for thousands of
unchanged files costs one query. A file that was written a moment ago is never trusted by its
time stamp alone: a second write within the clock's resolution would not show (git calls such
an entry racily clean).
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

from harness.contracts.errors import Unavailable
from harness.weights import cache_dir

#: Seconds that a file must have been left alone before its time stamp is believed.
SETTLED = 2.0

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS entries (kind TEXT, path TEXT, size INTEGER, mtime INTEGER, "
    "inode INTEGER, value TEXT, PRIMARY KEY (kind, path))"
)


def computed(kind: str, paths: Iterable[Path], compute: Callable[[Path], str]) -> dict[Path, str]:
    """`compute(path)` of every file, computed only where the file is new or has changed.

    Args:
        kind: names what is computed; changes whenever `compute` does.
        paths: files; each is read at most once.
        compute: the value of one file.

    Raises:
        OSError: a file cannot be read. A cache that cannot be used is done without.

    """
    wanted = list(dict.fromkeys(paths))
    stamps = {path: _stamp(path) for path in wanted}
    names = {path: os.path.abspath(path) for path in wanted}
    known = _read(kind, names.values())
    found: dict[Path, str] = {}
    fresh: list[tuple[str, str, int, int, int, str]] = []
    for path in wanted:
        entry = known.get(names[path])
        if entry and entry[:3] == stamps[path]:
            found[path] = entry[3]
            continue
        found[path] = compute(path)
        if time.time() - stamps[path][1] / 1e9 > SETTLED and stamps[path] == _stamp(path):
            fresh.append((kind, names[path], *stamps[path], found[path]))
    if fresh:
        _write(fresh)
    return found


def sha256_of_files(paths: Iterable[Path]) -> dict[Path, str]:
    """Hex sha256 of every file's content.

    Raises:
        OSError: a file cannot be read.

    """
    return computed("sha256", paths, _sha256)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _stamp(path: Path) -> tuple[int, int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns, stat.st_ino


def _database() -> sqlite3.Connection:
    folder = cache_dir()
    folder.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(folder / "files.sqlite", timeout=10.0)
    database.execute(_SCHEMA)
    return database


def _read(kind: str, names: Iterable[str]) -> dict[str, tuple[int, int, int, str]]:
    """Entries by path; none where the cache cannot be read."""
    wanted = list(names)
    try:
        with closing(_database()) as database:
            found = {}
            for start in range(0, len(wanted), 500):
                block = wanted[start : start + 500]
                marks = ",".join("?" * len(block))
                rows = database.execute(
                    f"SELECT path, size, mtime, inode, value FROM entries "
                    f"WHERE kind = ? AND path IN ({marks})",
                    (kind, *block),
                )
                found.update(
                    {path: (size, mtime, inode, v) for path, size, mtime, inode, v in rows}
                )
            return found
    except (sqlite3.Error, OSError, Unavailable):
        return {}


def _write(rows: list[tuple[str, str, int, int, int, str]]) -> None:
    try:
        with closing(_database()) as database, database:
            database.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?)", rows)
    except (sqlite3.Error, OSError, Unavailable):
        return
