"""Locks between processes and machines: one per cell; waiting is reported."""

from __future__ import annotations

import errno
import math
import os
import platform
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

from harness.contracts import BadInput
from harness.engine import messages

#: Errors of a file system without advisory locks (some mounts of NFS and Lustre).
_UNSUPPORTED = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)

# What then happens is said below, where it matters.
warnings.filterwarnings("ignore", "flock not supported", UserWarning, "filelock")

#: Seconds of waiting after which a message states the reason, and after which it is repeated.
PATIENCE, AGAIN = 2.0, 60.0


def claim(path: Path) -> BaseFileLock | None:
    """Take a lock if nobody holds it; None otherwise. `release()` gives it back.

    Where the file system has no locks, the existence of the file is the lock; one that a
    killed process of the same machine left is recognised and taken over.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _acquired(FileLock(path, timeout=0))
    except NotImplementedError:
        pass
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
    return _acquired(SoftFileLock(path.with_suffix(".softlock"), timeout=0))


def _acquired(lock: BaseFileLock) -> BaseFileLock | None:
    try:
        lock.acquire()
    except Timeout:
        return None
    return lock


@contextmanager
def held(path: Path, what: str, limit: float = math.inf) -> Iterator[None]:
    """Hold a lock for the block; waits for it and reports which process has it.

    Args:
        path: of the lock file; the holder is named in a file beside it.
        what: is being waited for, to stand after "waiting for another process:".
        limit: seconds after which waiting is given up.

    Raises:
        BadInput: another process has held it for longer than `limit`.

    """
    start = said = time.monotonic()
    pause = PATIENCE
    while (lock := claim(path)) is None:
        now = time.monotonic()
        if now - start > limit:
            fact = f"another process has held this lock for {limit:.0f} s ({_holder(path)})"
            raise BadInput(path, fact, "Wait until it ends, or end it; then run again.")
        if now - said > pause:
            messages.note(f"waiting for another process: {what} ({_holder(path)})")
            said, pause = now, AGAIN
        time.sleep(0.05)
    note = _note(path)
    try:
        # Only a courtesy to those who wait: a full disk must not stop the holder.
        with suppress(OSError):
            since = time.strftime("%H:%M:%S")
            note.write_text(f"process {os.getpid()} on {platform.node()}, since {since}", "utf-8")
        yield
    finally:
        with suppress(OSError):
            note.unlink(missing_ok=True)
        lock.release()


def _note(path: Path) -> Path:
    return path.with_name(f"{path.name}.holder")


def _holder(path: Path) -> str:
    try:
        return _note(path).read_text("utf-8") or str(path)
    except (OSError, UnicodeDecodeError):
        return str(path)
