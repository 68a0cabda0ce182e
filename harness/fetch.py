"""Download weights: only when asked, resumable, verified, and in place in one step.

`FILE.part` grows until it is whole, is compared with what is known of it, and is then renamed.
Whoever writes to it holds its lock, so that two fetches of one file wait for each other; a
killed process leaves the part, from whose end the next fetch goes on.
"""

from __future__ import annotations

import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from pathlib import Path
from shutil import disk_usage
from typing import BinaryIO

from filelock import FileLock, Timeout

from harness import weights
from harness.contracts import BadInput, Progress, Unavailable
from harness.weights import WeightEntry

BLOCK = 1 << 18
TIMEOUT = 30.0

#: Status codes after which a retry is useless.
_GONE = (401, 403, 404, 410, 451)


def fetch_weights(weight_id: str, progress: Progress) -> Path:
    """The file of a weights id, downloaded into the cache unless a good one is here.

    Where the registry has a sha256, or its first digits, the file must match. Otherwise its
    sha256 is recorded beside it (`FILE.sha256`), and every later load and fetch is compared
    with that.

    Raises:
        UnknownName: no such id.
        Unavailable: the id has no direct download; states how its authors distribute it.
        BadInput: the server failed or sent other bytes than expected, the disk is full, or a
            wrong file is found before the cache.
    """
    entry = weights.entry_of(weight_id)
    if found := here(entry):
        return found
    if not entry.url:
        how = entry.how or "It comes with the package."
        raise Unavailable(f"weights {weight_id!r}", "it has no direct download", how)
    target = cached(entry)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(target.name + ".part")
        with alone(part, progress) as file:
            if found := here(entry):  # another process was first
                return found
            download(entry, file, progress)
            sha256 = verify(entry, part, target)
            record(target, sha256)
            part.replace(target)
    except OSError as error:
        raise BadInput(
            target.parent,
            f"it cannot be written to ({error.strerror or error})",
            "Free some space, or set HARNESS_CACHE to a folder on another disk.",
        ) from error
    return target


def cached(entry: WeightEntry) -> Path:
    """Where a fetch puts a file."""
    return weights.cache_dir() / "weights" / entry.file


def here(entry: WeightEntry) -> Path | None:
    """A good file that need not be fetched; a wrong one in the cache will be replaced.

    Raises:
        BadInput: a wrong file is found before the cache; a fetched one would never be used.
    """
    for path in weights.places(entry):
        if path.is_file():
            try:
                return weights.check(entry, path).path
            except BadInput as error:
                if path == cached(entry):
                    continue
                cure = f"Delete or replace it: it is found before {weights.cache_dir()}."
                raise BadInput(error.subject, error.fact, cure) from error
    return None


@contextmanager
def alone(part: Path, progress: Progress) -> Iterator[BinaryIO]:
    """The part opened for appending, locked; waits while another fetch has it."""
    folder = weights.cache_dir() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"{part.name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress("wait for another fetch", 0, 1)
        lock.acquire()
    try:
        with part.open("ab") as file:
            yield file
    finally:
        if part.is_file() and not part.stat().st_size:
            part.unlink()
        if not part.is_file():
            Path(f"{part}.etag").unlink(missing_ok=True)
        lock.release()


def download(entry: WeightEntry, file: BinaryIO, progress: Progress) -> None:
    """Append what is missing, from the start where the part cannot be continued."""
    have = os.fstat(file.fileno()).st_size
    if entry.bytes and have == entry.bytes:
        return
    if entry.bytes and have > entry.bytes:
        file.truncate(0)
    if not transfer(entry, file, progress):
        file.truncate(0)
        transfer(entry, file, progress)
    file.flush()
    os.fsync(file.fileno())


def transfer(entry: WeightEntry, file: BinaryIO, progress: Progress) -> bool:
    """One request, appended to the part; False where its answer does not continue the part."""
    have = os.fstat(file.fileno()).st_size
    if not entry.url.startswith(("https://", "http://")):
        raise failed(entry, "it is not a web address", gone=True)
    request = urllib.request.Request(entry.url)
    etag = Path(f"{file.name}.etag")
    if have:
        request.add_header("Range", f"bytes={have}-")
        if etag.is_file():  # then a server whose file has changed sends all of the new one
            request.add_header("If-Range", etag.read_text("ascii", "replace").strip())
    try:
        answer = urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and have:  # nothing lies behind the part: whole, or of another file
            return error.headers.get("Content-Range", "") == f"bytes */{have}"
        raise failed(entry, f"the server answered {error.code}", error.code in _GONE) from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise failed(entry, reason(error)) from error
    with answer:
        if answer.status == 206 and not continues(answer.headers, file, have):
            return False
        if answer.status != 206:
            file.truncate(0)
            have = 0
            etag.unlink(missing_ok=True)
            stated = answer.headers.get("ETag", "")
            if stated.isascii() and stated.isprintable() and stated.startswith('"'):
                etag.write_text(stated, "ascii")
        receive(entry, answer, file, have, progress)
    return True


def continues(headers: http.client.HTTPMessage, file: BinaryIO, have: int) -> bool:
    """Whether a partial answer begins where the part ends, and is of the same file."""
    if not headers.get("Content-Range", "").startswith(f"bytes {have}-"):
        return False
    try:
        changed = parsedate_to_datetime(headers["Last-Modified"]).timestamp()
    except (TypeError, ValueError):
        return True
    return changed <= os.fstat(file.fileno()).st_mtime


def receive(
    entry: WeightEntry,
    answer: http.client.HTTPResponse,
    file: BinaryIO,
    have: int,
    progress: Progress,
) -> None:
    """Write an answer's body behind the `have` bytes of the part."""
    secure = not entry.url.startswith("https:") or answer.url.startswith("https:")
    if not secure and not entry.sha256:
        raise failed(entry, f"it redirects to {answer.url}, which is not encrypted", gone=True)
    if answer.headers.get_content_type() == "text/html":
        raise failed(entry, "the server sent a web page instead of the file", gone=True)
    stated = answer.headers.get("Content-Length")
    total = have + int(stated) if stated and stated.isdigit() else None
    if total is None and not (entry.bytes or entry.sha256 or answer.chunked):
        fact = "the server sends no Content-Length, so completeness cannot be verified"
        raise failed(entry, fact, gone=True)
    if entry.bytes and total not in (None, entry.bytes):
        fact = f"the server announces {total} bytes, the registry says {entry.bytes}"
        raise failed(entry, fact)
    missing = (total or entry.bytes or have) - have
    if missing > (free := disk_usage(Path(file.name).parent).free):
        raise BadInput(
            Path(file.name).parent,
            f"{missing / 1e6:.1f} MB are missing, but only {free / 1e6:.1f} MB are free",
            "Free some space, or set HARNESS_CACHE to a folder on another disk.",
        )
    done = have
    while True:
        try:
            block = answer.read1(BLOCK)  # what has arrived: a stall then loses nothing
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise failed(entry, f"{reason(error)} after {done} bytes") from error
        if not block:
            break
        file.write(block)
        done += len(block)
        progress("fetch", done, max(total or entry.bytes, done))
    if total is not None and done != total:
        raise failed(entry, f"the connection closed after {done} of {total} bytes")


def reason(error: Exception) -> str:
    """Why a connection failed."""
    cause = getattr(error, "reason", error)
    if isinstance(cause, TimeoutError):
        return f"the server sent nothing for {TIMEOUT:g} s"
    return str(cause) or type(cause).__name__


def failed(entry: WeightEntry, fact: str, gone: bool = False) -> BadInput:
    """The error of a download that can be retried, or (`gone`) that will fail again."""
    if gone:
        cure = f"Download it by hand and save it as {entry.file} in a folder of $HARNESS_WEIGHTS."
        return BadInput(entry.url, fact, f"{cure} {entry.how}".strip())
    cure = f"Run `python -m harness weights fetch {entry.id}` again; it continues where it stopped."
    return BadInput(entry.url, fact, cure)


def record(target: Path, sha256: str) -> None:
    """Write a file's sha256 beside it, for `sha256sum -c` and for later loads."""
    path = weights.record_of(target)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(f"{sha256}  {target.name}\n", "ascii")
    partial.replace(path)


def verify(entry: WeightEntry, part: Path, target: Path) -> str:
    """The sha256 of a whole part; refuses and deletes a file that is not the expected one."""
    size = part.stat().st_size
    if entry.bytes and size < entry.bytes:
        raise failed(entry, f"{size} bytes arrived, the registry says {entry.bytes}")
    found = weights.sha256_of(part)
    first = "" if entry.sha256 else weights.recorded(target)
    cure = "The download was deleted. If it happens again, please report it."
    if entry.bytes and size > entry.bytes:
        fact = f"{size} bytes arrived, the registry says {entry.bytes}"
    elif entry.sha256 and found != entry.sha256:
        fact = f"the file's sha256 is {found}, the registry says {entry.sha256}"
    elif not found.startswith(entry.sha256_prefix):
        fact = f"the file's sha256 is {found} and does not begin with {entry.sha256_prefix}"
    elif first and found != first:
        fact = f"the file's sha256 is {found}, {first} was recorded when it was first fetched"
        cure = f"If its authors replaced it, delete {weights.record_of(target)} and fetch it again."
    else:
        return found
    part.unlink()
    raise BadInput(entry.url, fact, cure)
