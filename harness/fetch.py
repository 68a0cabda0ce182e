"""Download weights: only when asked, resumable, verified, and in place in one step."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

from harness.contracts import BadInput, Progress, Unavailable, UnknownName
from harness.weights import WeightEntry, cache_dir, registry, sha256_of

BLOCK = 1 << 18
TIMEOUT = 30.0


def fetch_weights(weight_id: str, progress: Progress) -> Path:
    """Download the file of a weights id into the cache.

    An interrupted download leaves `FILE.part`, and the next call goes on from its end. Where
    the registry states a sha256 it must match; otherwise the sha256 is recorded beside the
    file (`FILE.sha256`), and later loads can be compared with it.

    Raises:
        UnknownName: no such id.
        Unavailable: the id has no direct download; says how its authors give it out.
        BadInput: the server failed, or sent other bytes than the registry promises.
    """
    if weight_id not in registry():
        raise UnknownName("weights id", weight_id, registry())
    entry = registry()[weight_id]
    if not entry.url:
        how = entry.how or "It comes with the package."
        raise Unavailable(f"weights {weight_id!r}", "it has no direct download", how)
    target = cache_dir() / "weights" / entry.file
    if target.is_file() and (not entry.sha256 or sha256_of(target) == entry.sha256):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    download(entry, part, progress)
    verify(entry, part)
    target.with_name(target.name + ".sha256").write_text(sha256_of(part) + "\n", "ascii")
    part.replace(target)
    return target


def download(entry: WeightEntry, part: Path, progress: Progress) -> None:
    """Append what is missing to `part`."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(entry.url)
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            resumed = answer.status == 206
            length = int(answer.headers.get("Content-Length") or 0)
            total = entry.bytes or (have if resumed else 0) + length
            done = have if resumed else 0
            with part.open("ab" if resumed else "wb") as file:
                while block := answer.read(BLOCK):
                    file.write(block)
                    done += len(block)
                    progress("fetch", done, max(total, done))
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing is left to send: the part is complete
            return
        raise failed(entry, f"the server answered {error.code}") from error
    except (OSError, ValueError) as error:
        raise failed(entry, str(error)) from error
    expected = (have if resumed else 0) + length
    if length and part.stat().st_size != expected:
        got = part.stat().st_size
        raise failed(entry, f"the connection ended after {got} of {expected} bytes")


def failed(entry: WeightEntry, fact: str) -> BadInput:
    """A download that can be tried again."""
    cure = f"Run `python -m harness weights fetch {entry.id}` again; it goes on where it stopped."
    return BadInput(entry.url, fact, cure)


def verify(entry: WeightEntry, part: Path) -> None:
    """Refuse and delete a file that is not what the registry promises."""
    size = part.stat().st_size
    if entry.bytes and size != entry.bytes:
        if size > entry.bytes:
            part.unlink()
        raise failed(entry, f"{size} bytes arrived, the registry says {entry.bytes}")
    if entry.sha256 and (found := sha256_of(part)) != entry.sha256:
        part.unlink()
        raise BadInput(
            entry.url,
            f"the file's sha256 is {found}, the registry says {entry.sha256}",
            "The file was deleted. Tell the maintainers if it happens again.",
        )
