"""Where weights are found: explicit path, `$HARNESS_WEIGHTS`, the cache, or *unavailable*.

The registry is `metrics/weights.toml`. Nothing is downloaded here; `python -m harness
weights fetch ID` does that. Before a file is used it is compared with what is known of it:
the registry's sha256, or its first digits, or what the first fetch recorded beside the file.
"""

from __future__ import annotations

import hashlib
import os
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from harness.contracts.errors import BadInput, Unavailable, UnknownName

#: The repository root of a checkout, or site-packages of an install.
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class WeightEntry:
    """One row of weights.toml."""

    id: str
    file: str
    licence: str
    also_for: str = ""  # what needs it besides metrics, whose specs say so themselves
    url: str = ""
    bytes: int = 0
    sha256: str = ""
    sha256_prefix: str = ""  # its first hex digits, where a file's name states no more
    shipped: str = ""  # path inside the package, for weights that come with it
    how: str = ""  # how to obtain it if there is no direct download


@cache
def registry() -> dict[str, WeightEntry]:
    """All known weights by id."""
    rows = tomllib.loads((ROOT / "metrics" / "weights.toml").read_text("utf-8"))
    return {name: WeightEntry(id=name, **row) for name, row in rows.items()}


def cache_dir() -> Path:
    """`$HARNESS_CACHE`, or `$XDG_CACHE_HOME/talking-face-bench`, or below `~/.cache`.

    Raises:
        Unavailable: neither is set, and this user has no home folder (as in some containers).

    """
    if named := os.environ.get("HARNESS_CACHE"):
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if base.startswith("~"):  # a shared temporary folder would let others plant files in it
        cure = "Set HARNESS_CACHE to a folder of your own."
        raise Unavailable("the cache", "this user has no home folder", cure)
    return Path(base) / "talking-face-bench"


def search_path() -> list[Path]:
    """Folders that are looked through, in order; without a home, those that are named alone."""
    given = [Path(p) for p in os.environ.get("HARNESS_WEIGHTS", "").split(os.pathsep) if p]
    try:
        return [*given, cache_dir() / "weights"]
    except Unavailable:
        return given


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


#: What a file's bytes were compared with -> its description.
TRUST = {
    "verified": "its sha256 equals the registry's",
    "prefix": "its sha256 begins with the digits in its name",
    "recorded": "its sha256 equals the one recorded when it was first fetched; none is published",
    "unknown": "no sha256 is known to compare with",
}


@dataclass(frozen=True)
class WeightFile:
    """A file that is present and may be used."""

    path: Path
    sha256: str
    trust: str  # a key of TRUST


@cache
def _hashed(path: Path, _stamp: tuple[int, int, int]) -> str:
    return sha256_of(path)


def digest(path: Path, expected: str = "") -> str:
    """The file's sha256, verified against `expected` where given; computed once per file.

    Raises:
        BadInput: it is another one.

    """
    stat = path.stat()
    found = _hashed(path, (stat.st_size, stat.st_mtime_ns, stat.st_ino))
    if expected and found != expected:
        raise BadInput(
            path,
            f"its sha256 is {found}, the registry says {expected}",
            "Delete the file and fetch it again.",
        )
    return found


def record_of(path: Path) -> Path:
    """Where the first fetch writes a file's sha256, in the format of `sha256sum`."""
    return path.with_name(path.name + ".sha256")


def recorded(path: Path) -> str:
    """The sha256 that was recorded when a file was first fetched; empty if none was.

    Raises:
        BadInput: the record is not a sha256.

    """
    record = record_of(path)
    if not record.is_file():
        return ""
    words = record.read_text("utf-8", "replace").split()
    if not words or not re.fullmatch(r"[0-9a-fA-F]{64}", words[0]):
        raise BadInput(record, "it is not a sha256", "Delete it; `weights fetch` writes it again.")
    return words[0].lower()


def check(entry: WeightEntry, path: Path) -> WeightFile:
    """Compare a file with what is known of it.

    Raises:
        BadInput: another size or sha256 than the registry or the first fetch has.

    """
    size = path.stat().st_size
    if entry.bytes and size != entry.bytes:
        raise BadInput(
            path,
            f"it has {size} bytes, the registry says {entry.bytes}",
            "Delete the file and fetch it again.",
        )
    found = digest(path, entry.sha256)
    if entry.sha256:
        return WeightFile(path, found, "verified")
    if not found.startswith(entry.sha256_prefix):
        raise BadInput(
            path,
            f"its sha256 is {found} and does not begin with {entry.sha256_prefix}",
            "Delete the file and fetch it again.",
        )
    first = recorded(path)
    if first and found != first:
        raise BadInput(
            path,
            f"its sha256 is {found}, but {first} was recorded when it was first fetched",
            f"Delete the file and fetch it again, or delete {record_of(path)} to accept it.",
        )
    if entry.sha256_prefix:
        return WeightFile(path, found, "prefix")
    return WeightFile(path, found, "recorded" if first else "unknown")


def entry_of(weight_id: str) -> WeightEntry:
    """The registry's row.

    Raises:
        UnknownName: the id is not in the registry.

    """
    rows = registry()
    if weight_id not in rows:
        raise UnknownName("weights id", weight_id, rows)
    return rows[weight_id]


def places(entry: WeightEntry) -> list[Path]:
    """Where a file is looked for, in order."""
    if entry.shipped:
        return [ROOT / entry.shipped]
    return [folder / entry.file for folder in search_path()]


def find(weight_id: str) -> WeightFile:
    """The file of a weights id, its sha256, and what that was compared with.

    Raises:
        UnknownName: the id is not in the registry.
        Unavailable: no such file is in any of the folders; states the command that fetches it.
        BadInput: the file differs from what the registry or the first fetch states.

    """
    entry = entry_of(weight_id)
    for path in places(entry):
        if path.is_file():
            return check(entry, path)
    cure = (
        f"Run `python -m harness weights fetch {weight_id}`."
        if entry.url
        else entry.how or "See `python -m harness weights list`."
    )
    folders = ", ".join(map(str, places(entry))) or "the folders that are looked through"
    raise Unavailable(f"weights {weight_id!r}", f"{entry.file} is in none of {folders}", cure)


def resolve(weight_id: str) -> Path:
    """The file of a weights id, compared with what is known of it; raises as `find` does."""
    return find(weight_id).path


def digests(weight_ids: Iterable[str]) -> dict[str, str]:
    """The sha256 of each weights file, by id; raises as `find` does."""
    return {weight_id: find(weight_id).sha256 for weight_id in weight_ids}
