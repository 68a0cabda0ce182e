"""Where weights are found: explicit path, `$HARNESS_WEIGHTS`, the cache, or *unavailable*.

The registry is `metrics/weights.toml`. Nothing is downloaded here; `python -m harness
weights fetch ID` does that. A file with a recorded sha256 is verified before it is used.
"""

from __future__ import annotations

import hashlib
import os
import tomllib
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
    needed_by: str
    url: str = ""
    bytes: int = 0
    sha256: str = ""
    shipped: str = ""  # path inside the package, for weights that come with it
    how: str = ""  # how to obtain it where no direct download exists


@cache
def registry() -> dict[str, WeightEntry]:
    """All known weights by id."""
    rows = tomllib.loads((ROOT / "metrics" / "weights.toml").read_text("utf-8"))
    return {name: WeightEntry(id=name, **row) for name, row in rows.items()}


def cache_dir() -> Path:
    """`$HARNESS_CACHE`, or `$XDG_CACHE_HOME/talking-face-bench`."""
    if os.environ.get("HARNESS_CACHE"):
        return Path(os.environ["HARNESS_CACHE"])
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "talking-face-bench"


def search_path() -> list[Path]:
    """Folders that are looked through, in order."""
    given = [Path(p) for p in os.environ.get("HARNESS_WEIGHTS", "").split(os.pathsep) if p]
    return [*given, cache_dir() / "weights"]


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


@cache
def _verified(path: Path, sha256: str, _stamp: tuple[int, int]) -> str:
    found = sha256_of(path)
    if sha256 and found != sha256:
        raise BadInput(
            path,
            f"its sha256 is {found}, the registry says {sha256}",
            "Delete the file and fetch it again.",
        )
    return found


def digest(path: Path, expected: str = "") -> str:
    """The file's sha256, verified against `expected` where given; computed once per file."""
    stat = path.stat()
    return _verified(path, expected, (stat.st_size, stat.st_mtime_ns))


def resolve(weight_id: str) -> Path:
    """The file of a weight id, verified.

    Raises:
        UnknownName: the id is not in the registry.
        Unavailable: no such file is in any of the folders; says the command that fetches it.
        BadInput: the file is there but its checksum is wrong.

    """
    rows = registry()
    if weight_id not in rows:
        raise UnknownName("weights id", weight_id, rows)
    entry = rows[weight_id]
    places = [ROOT / entry.shipped] if entry.shipped else [p / entry.file for p in search_path()]
    for path in places:
        if path.is_file():
            digest(path, entry.sha256)
            return path
    cure = (
        f"Run `python -m harness weights fetch {weight_id}`."
        if entry.url
        else entry.how or "See `python -m harness weights list`."
    )
    raise Unavailable(
        f"weights {weight_id!r}", f"{entry.file} is in none of {', '.join(map(str, places))}", cure
    )
