"""What a prepared folder holds: the digest of its content, and gaps among its frames."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Container, Iterator
from pathlib import Path

from harness.contracts import BadInput
from harness.file_cache import computed, sha256_of_files
from harness.files.pictures import frame_size, picture_size

#: Signal -> its sub-folder and the endings of its file `{i}.ending`, the usual one last.
PER_FRAME: dict[str, tuple[str, tuple[str, ...]]] = {
    "frames": ("gt_imgs", ("png", "jpg")),
    "masks": ("parsing", ("png",)),
    "plate": ("torso_imgs", ("png",)),
    "landmarks": ("ori_imgs", ("lms",)),
    "originals": ("ori_imgs", ("png", "jpg")),
    "teeth": ("teeth_mask", ("npy",)),
}

_CURE = (
    "Copy the folder again, or prepare the video again with "
    "`python -m harness prepare VIDEO --out DIR`."
)

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
                f"no such file ({len(gaps)} of {count} missing)",
                _CURE,
            )
    return frozenset(found)


def check_sizes(folder: Path, there: Container[str], count: int, size: tuple[int, int]) -> None:
    """Refuse frames or layers of another size, by their headers, before any work is done on them.

    Args:
        folder: the prepared folder.
        there: which of `PER_FRAME` it has.
        count: its frames.
        size: height and width of the first frame.

    Raises:
        BadInput: an image is damaged, has another size, or is a frame that is not 8-bit RGB.

    """
    kinds = {"frames": frame_size, "masks": picture_size, "plate": picture_size}
    for signal, measure in kinds.items():
        if signal not in there:
            continue
        place = folder / PER_FRAME[signal][0]
        paths = [
            frame_path(folder, t) if signal == "frames" else place / f"{t}.png"
            for t in range(count)
        ]

        def text_of(path: Path, measure: Callable[[Path], tuple[int, int]] = measure) -> str:
            return "{}x{}".format(*measure(path))

        sizes = computed(f"size of {signal}", paths, text_of)
        wanted = "{}x{}".format(*size)
        for path, found in sizes.items():
            if found != wanted:
                fact = f"it is {found} (height x width), the first frame is {wanted}"
                raise BadInput(path, fact, _CURE)


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
    try:
        names = dict(_files(Path(folder), "", set()))
        contents = sha256_of_files(names)
    except OSError as error:
        fact = f"cannot be read ({error.strerror})"
        cure = "Make it readable, or remove it."
        raise BadInput(error.filename or folder, fact, cure) from error
    lines = sorted(f"{name}\0{contents[path]}\n" for path, name in names.items())
    return hashlib.sha256(os.fsencode("".join(lines))).hexdigest()


def _files(folder: Path, prefix: str, visited: set[str]) -> Iterator[tuple[Path, str]]:
    """All regular files below a folder with their names in it; links are followed once."""
    here = os.path.realpath(folder)
    if here in visited:
        return
    visited.add(here)
    with os.scandir(folder) as entries:
        for entry in entries:
            if _is_leftover(entry.name):
                continue
            name = prefix + entry.name
            if entry.is_dir():
                yield from _files(Path(entry.path), f"{name}/", visited)
            elif entry.is_file() or not os.path.exists(entry.path):
                yield Path(entry.path), name


def _is_leftover(name: str) -> bool:
    return (
        name.startswith(".")
        or name.endswith(_LEFTOVERS)
        or (name.startswith("#") and name.endswith("#"))
        or name in _LEFT_BY_SYSTEMS
    )
