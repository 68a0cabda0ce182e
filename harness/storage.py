"""Writing to disk: whole files or none, and errors of one sentence if the disk refuses."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.contracts import BadInput, HarnessError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)

#: Below this many free bytes a failure without an error number is taken for a full disk:
#: libsndfile, FFmpeg and torch keep the number to themselves.
_NOTHING_FREE = 1 << 16
#: A disk with more free bytes than this refused for another reason than these.
_LITTLE = 1 << 28


def storage_error(error: BaseException, root: Path) -> BadInput | None:
    """The error of a full, limited or read-only disk as a sentence; None for any other error.

    Args:
        error: what was raised; its causes are examined too.
        root: the folder that was written to.

    """
    link: BaseException | None = error
    while link is not None:
        number = getattr(link, "errno", None)
        if number in _FULL:
            return _full(root)
        if number == errno.EFBIG:
            return BadInput(
                root,
                "a file exceeds the size limit of this shell or disk",
                "Raise `ulimit -f` or choose another folder with --out; finished work is kept.",
            )
        if number in _FORBIDDEN:
            return BadInput(
                getattr(link, "filename", None) or root,
                "cannot be written to or read",
                "Check its permissions, or choose another folder with --out.",
            )
        link = link.__cause__ or link.__context__
    if root.exists() and shutil.disk_usage(root).free < _NOTHING_FREE:
        return _full(root)
    return None


def _full(root: Path) -> BadInput:
    """The sentence; how much is free is stated only where it explains the failure."""
    free = shutil.disk_usage(root).free if root.exists() else 0
    why = f" ({free // 2**20} MiB free)" if free < _LITTLE else ", or a quota is used up"
    return BadInput(
        root,
        f"the disk is full{why}",
        "Free some space or choose another folder with --out; finished work is kept.",
    )


@contextmanager
def writing_to(root: Path) -> Iterator[None]:
    """Turn disk errors inside the block into a sentence about `root`.

    Raises:
        BadInput: the disk is full, limited or read-only.

    """
    try:
        yield
    except HarnessError:
        raise
    except Exception as error:
        if sentence := storage_error(error, root):
            raise sentence from error
        raise


def make_folder(path: Path) -> None:
    """Make a folder and those above it.

    Raises:
        BadInput: it cannot be created, for example because a file is in the way.

    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(error, path) or BadInput(
            path,
            f"this folder cannot be created ({error.strerror})",
            "Choose another folder with --out.",
        ) from error


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text under a temporary name and rename it into place.

    Raises:
        BadInput: the folder is absent, the name is a folder's, or the disk refuses.

    """
    if path.is_dir():
        raise BadInput(path, "it is a folder", "Give the name of a file.")
    if not path.parent.is_dir():
        raise BadInput(path, "the folder above it does not exist", "Create it, or name another.")
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with writing_to(path.parent):
        try:
            partial.write_text(text, "utf-8")
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write JSON under a temporary name and rename it into place.

    Raises:
        BadInput: as `write_text`.

    """
    write_text(path, json.dumps(value, indent=1, default=str) + "\n")


def file_digest(*parts: str) -> str:
    """A file name for something with an arbitrary name: 16 hex digits of sha256."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
