"""A folder that is written by one process at a time, and is there as a whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from harness.contracts import BadInput
from harness.storage import make_folder, storage_error, writing_to


def check_absent(out: Path) -> None:
    """Refuse to write over anything.

    Raises:
        BadInput: it exists.

    """
    if os.path.lexists(out):
        raise BadInput(out, "it exists already", "Choose another --out, or remove it first.")


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """An empty folder to fill, renamed to `out` when the block ends without an exception.

    What a killed process left is cleared away; otherwise nothing remains of a block that fails.

    Raises:
        BadInput: `out` exists, another process is writing it, or the disk refuses.

    """
    make_folder(out.parent)
    lock = out.with_name(f".{out.name}.lock")
    with _locked(out, lock), writing_to(out.parent):
        check_absent(out)  # another process may have finished it a moment ago
        partial = out.with_name(f".{out.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        try:
            make_folder(partial)
            yield partial
            os.replace(partial, out)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def _locked(out: Path, path: Path) -> Iterator[None]:
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        fact = "another process is preparing a video into this folder"
        raise BadInput(out, fact, "Wait for it, or choose another --out.") from error
    except (OSError, NotImplementedError) as error:
        raise storage_error(error, out.parent) or BadInput(
            path,
            f"this file cannot be locked ({error})",
            "Prepare on another disk with --out, and move the folder.",
        ) from error
    try:
        yield
    finally:
        path.unlink(missing_ok=True)  # while it is held: whoever waits for it sees that it is gone
        lock.release()
