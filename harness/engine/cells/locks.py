"""Locks between processes and machines: one per cell; waiting is reported."""

from __future__ import annotations

import errno
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

#: Errors of a file system without advisory locks (some mounts of NFS and Lustre).
_UNSUPPORTED = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)

#: Seconds of waiting after which a message states the reason.
PATIENCE = 2.0


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
def held(path: Path, what: str) -> Iterator[None]:
    """Hold a lock for the block; waits for it and reports that.

    Args:
        path: of the lock file.
        what: is being waited for, to stand after "waiting for another process:".

    """
    start, said = time.monotonic(), False
    while (lock := claim(path)) is None:
        if not said and time.monotonic() - start > PATIENCE:
            print(f"waiting for another process: {what} ({path})", file=sys.stderr, flush=True)
            said = True
        time.sleep(0.05)
    try:
        yield
    finally:
        lock.release()
