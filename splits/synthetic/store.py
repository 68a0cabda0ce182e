"""The cache of sequences: made once, whole or not at all.

A sequence is built in `<digest>.part` under an exclusive lock and renamed when it is
complete. The lock is the kernel's, so it ends with its holder: a process that finds a `.part`
while holding the lock knows that its maker died, and clears it away.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import selectors
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np

from harness.contracts import BadInput, Progress
from harness.files.documents import read_object
from harness.weights import ROOT, cache_dir
from splits.synthetic.drawing import PER_FRAME, draw
from splits.synthetic.recipe import Recipe

_META = "recording.json"


def folder_of(recipe: Recipe) -> Path:
    """Where the sequence is kept, whether or not it is there yet."""
    return cache_dir() / "synthetic" / recipe.digest


def content_of(folder: Path) -> str | None:
    """Sha256 of a complete sequence; None where it is absent or files are missing or cut."""
    try:
        meta = read_object(folder / _META)
        sizes = {name: (folder / name).stat().st_size for name in meta["files"]}
    except (BadInput, OSError, KeyError, TypeError):
        return None
    return meta["content"] if sizes == meta["files"] else None


def materialise(recipe: Recipe, progress: Progress | None = None, workers: int = 2) -> Path:
    """The folder of a sequence, drawn now if the cache does not hold it.

    Args:
        recipe: what is wanted.
        progress: called for each frame drawn.
        workers: processes that draw; the result does not depend on it.

    Raises:
        BadInput: the cache cannot be written, or the disk is full.

    """
    folder = folder_of(recipe)
    if content_of(folder):
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _sweep(folder.parent)
        with _locked(folder.with_suffix(".lock")):
            if content_of(folder):  # another process made it while we waited
                return folder
            part = folder.with_suffix(".part")
            for rest in (part, folder):
                shutil.rmtree(rest, ignore_errors=True)
            try:
                part.mkdir()
                _build(part, recipe, progress, max(1, workers))
                os.replace(part, folder)
            finally:
                shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            fact, cure = "no space left for a synthetic sequence", "Free space there"
        elif error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            fact, cure = "the cache is not writable", "Change its permissions"
        else:
            raise
        raise BadInput(folder.parent, fact, f"{cure}, or set HARNESS_CACHE.") from error
    return folder


@contextmanager
def _locked(path: Path, wait: bool = True) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield


def _sweep(folder: Path) -> None:
    """Clear away what makers that died left of sequences that are no longer asked for."""
    for part in folder.glob("*.part"):
        try:
            with _locked(part.with_suffix(".lock"), wait=False):
                shutil.rmtree(part, ignore_errors=True)
        except BlockingIOError:
            continue  # its maker is alive


def _allocate(path: Path, shape: tuple[int, ...], dtype: str) -> None:
    """An empty .npy whose blocks are reserved: a full disk shows here, not as a bus error."""
    array = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
    size = path.stat().st_size
    del array
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, size)


def _build(part: Path, recipe: Recipe, progress: Progress | None, workers: int) -> None:
    acted = recipe.perform()
    count = len(acted.controls)
    (part / "recipe.json").write_text(json.dumps(asdict(recipe), sort_keys=True), "utf-8")
    np.save(part / "audio.npy", acted.audio)
    np.savez(
        part / "performance.npz",
        controls=acted.controls,
        pose=acted.pose,
        labels=acted.labels,
        intensity=acted.intensity,
        phonemes=np.array([s.symbol for s in acted.segments]),
        phoneme_times=np.array([(s.start, s.end) for s in acted.segments]),
    )
    for name, (shape, dtype) in PER_FRAME.items():
        _allocate(part / f"{name}.npy", (count, *shape(recipe.height, recipe.width)), dtype)
    done = 0

    def tick(frames: int = 1) -> None:
        nonlocal done
        done += frames
        if progress is not None:
            progress("synthetic sequence", done, count)

    if workers == 1:
        draw(part, range(count), tick)
    else:
        _draw_in_processes(part, min(workers, count), tick)
    _seal(part)


def _draw_in_processes(part: Path, workers: int, tick: Callable[[int], None]) -> None:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    processes: list[subprocess.Popen[bytes]] = []
    with tempfile.TemporaryFile() as complaints, selectors.DefaultSelector() as ready:
        try:
            for k in range(workers):
                command = [sys.executable, "-m", "splits.synthetic.drawing"]
                process = subprocess.Popen(
                    [*command, str(part), str(k), str(workers)],
                    stdout=subprocess.PIPE,
                    stderr=complaints,
                    env=environment,
                )
                processes.append(process)
                assert process.stdout is not None  # a pipe was asked for
                ready.register(process.stdout, selectors.EVENT_READ)
            while ready.get_map():
                for key, _ in ready.select():
                    ticks = os.read(key.fd, 4096)
                    if ticks:
                        tick(len(ticks))
                    else:
                        ready.unregister(key.fileobj)
            if any(p.wait() for p in processes):
                complaints.seek(0)
                tail = complaints.read().decode("utf-8", "replace")[-2000:]
                if "No space left" in tail:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                raise RuntimeError(f"a drawing process failed:\n{tail}")
        finally:
            for process in processes:
                process.kill()
                process.wait()
                process.stdout.close()  # type: ignore[union-attr]  # a pipe


def _seal(part: Path) -> None:
    """Write the sizes and the hash by which a reader knows that all is there."""
    digest, sizes = hashlib.sha256(), {}
    for path in sorted(part.iterdir()):
        sizes[path.name] = path.stat().st_size
        if path.suffix == ".npy":
            with path.open("rb") as file:
                while block := file.read(1 << 22):
                    digest.update(block)
    # An archive's bytes carry no more than its arrays, and zip headers are not reproducible.
    with np.load(part / "performance.npz") as stored:
        for name in sorted(stored.files):
            digest.update(name.encode() + stored[name].tobytes())
    meta = {"content": digest.hexdigest(), "files": sizes}
    (part / _META).write_text(json.dumps(meta, indent=1), "utf-8")


__all__ = ["content_of", "folder_of", "materialise"]
