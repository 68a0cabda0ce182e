"""What a prepared folder holds: the digest of its content, and gaps among its frames."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from harness.contracts import BadInput
from harness.file_cache import sha256_of_files

#: Signal -> its sub-folder and the endings of its file `{i}.ending`, the usual one last.
PER_FRAME: dict[str, tuple[str, tuple[str, ...]]] = {
    "frames": ("gt_imgs", ("png", "jpg")),
    "masks": ("parsing", ("png",)),
    "plate": ("torso_imgs", ("png",)),
    "landmarks": ("ori_imgs", ("lms",)),
    "originals": ("ori_imgs", ("png", "jpg")),
    "teeth": ("teeth_mask", ("npy",)),
}

#: What editors and file managers leave beside the data.
_LEFTOVERS = ("~", ".bak", ".orig", ".swp", ".tmp")
_LEFT_BY_SYSTEMS = ("Thumbs.db", "desktop.ini", "__pycache__")


def frame_path(folder: Path, index: int) -> Path:
    """`gt_imgs/{i}.png` if it exists (lossless), else `.jpg`."""
    lossless = folder / "gt_imgs" / f"{index}.png"
    return lossless if lossless.is_file() else folder / "gt_imgs" / f"{index}.jpg"


def present(folder: Path, count: int) -> frozenset[str]:
    """Which of `PER_FRAME` the folder has; by names alone, one listing for each sub-folder.

    Raises:
        BadInput: some of the `count` frames have a file and others do not, or there are no
            frames; names the first missing file and how many are missing.

    """
    listed = {place: _names(folder / place) for place, _ in PER_FRAME.values()}
    found = set()
    for signal, (place, endings) in PER_FRAME.items():
        names = listed[place]
        gaps = [t for t in range(count) if all(f"{t}.{e}" not in names for e in endings)]
        if not gaps:
            found.add(signal)
        elif len(gaps) < count or signal == "frames":
            raise BadInput(
                folder / place / f"{gaps[0]}.{endings[-1]}",
                f"no such file ({len(gaps)} of {count} are missing)",
                "Copy the folder again, or prepare the video again with "
                "`python -m harness prepare VIDEO --out DIR`.",
            )
    return frozenset(found)


def _names(folder: Path) -> frozenset[str]:
    try:
        return frozenset(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()


def digest_of(folder: Path) -> str:
    """Sha256 of a folder's content: of every file below it, by relative name.

    Whatever a reader, a method or an external trainer may read is in it, so that changing any
    file changes the digest. Hidden files and what editors leave are not.

    Raises:
        BadInput: a file cannot be read.

    """
    names = {path: path.relative_to(folder).as_posix() for path in _files(folder)}
    try:
        contents = sha256_of_files(names)
    except OSError as error:
        fact = f"cannot be read ({error.strerror})"
        cure = "Make it readable, or remove it."
        raise BadInput(error.filename or folder, fact, cure) from error
    lines = sorted((os.fsencode(name), contents[path]) for path, name in names.items())
    digest = hashlib.sha256()
    for name, content in lines:
        digest.update(name + b"\0" + content.encode() + b"\n")
    return digest.hexdigest()


def _files(folder: Path) -> list[Path]:
    """All regular files below a folder; links are followed, into each folder once."""
    found, visited = [], set()
    for root, folders, names in os.walk(folder, followlinks=True):
        here = os.path.realpath(root)
        if here in visited:
            folders.clear()
            continue
        visited.add(here)
        folders[:] = [name for name in folders if not _is_leftover(name)]
        paths = (Path(root, name) for name in names if not _is_leftover(name))
        found += [path for path in paths if path.is_file() or not path.exists()]
    return found


def _is_leftover(name: str) -> bool:
    return (
        name.startswith(".")
        or name.endswith(_LEFTOVERS)
        or (name.startswith("#") and name.endswith("#"))
        or name in _LEFT_BY_SYSTEMS
    )
