"""Prediction archives: lossless and self-contained; scoring needs neither method nor data.

A folder with `frames.zip` (one PNG a frame), `audio.wav` (float PCM), `signals.npz` (truth
only) and `meta.json`. A prediction names its ground truth by folder and content hash.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.io import wavfile

from harness.contracts import (
    ActionUnits,
    BadInput,
    Camera,
    EmotionTrack,
    Expression,
    FrameSource,
    Masks,
    Sequence,
)
from harness.contracts.sequence import SAMPLE_RATE
from harness.files import limits
from harness.files.arrays import read_arrays
from harness.files.documents import read_object
from harness.files.pictures import picture_of
from harness.files.reading import checked_file, reading
from harness.media.audio import open_sound
from harness.storage import write_json

#: Ground-truth signals that metrics may read, and the type of each.
SIGNAL_TYPES: dict[str, Any] = {
    "masks": Masks,
    "au": ActionUnits,
    "expression": Expression,
    "emotion": EmotionTrack,
    "camera": Camera,
    "landmarks": np.asarray,
}


@contextmanager
def legible(path: Path) -> Iterator[None]:
    """Turn a damaged file of a finished cell into an error that states what to delete.

    Raises:
        BadInput: the block could not read it.

    """
    try:
        with reading(path, "file of a finished cell"):
            yield
    except BadInput as error:
        if error.subject != str(path):  # of another file, which names its own
            raise
        cure = f"Delete {path.parent}; the next run creates it again."
        raise BadInput(path, error.fact, cure) from error


def write_frames(path: Path, frames: Iterable[np.ndarray]) -> tuple[int, str]:
    """Write uint8 RGB frames losslessly; returns their count and the hash of their pixels."""
    digest, count = hashlib.sha256(), 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for count, frame in enumerate(frames, start=1):
            pixels = np.ascontiguousarray(frame)
            digest.update(repr(pixels.shape).encode())
            digest.update(pixels.data)
            buffer = io.BytesIO()
            Image.fromarray(pixels).save(buffer, "png", compress_level=1)
            # A fixed date keeps equal frames equal byte for byte.
            entry = zipfile.ZipInfo(f"{count - 1:06d}.png", (1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, buffer.getvalue())
    return count, digest.hexdigest()


def open_frames(path: Path) -> FrameSource:
    """Lazy access to the frames of an archive.

    Raises:
        BadInput: the file is missing, truncated or not an archive of ours.
    """
    with legible(path):
        archive = zipfile.ZipFile(checked_file(path))
        entries = archive.infolist()
        limits.check(path, "frames", len(entries), "it holds")
        if [e.filename for e in entries] != [f"{i:06d}.png" for i in range(len(entries))]:
            raise ValueError("its entries are not 000000.png, 000001.png, ...")
        if not entries or any(e.compress_type != zipfile.ZIP_STORED for e in entries):
            raise ValueError("it is empty, or its entries are compressed")

    def read(index: int) -> np.ndarray:
        with legible(path):
            return picture_of(archive.read(entries[index]), path)

    return FrameSource(read, len(entries), *read(0).shape[:2])


def write_audio(path: Path, audio: np.ndarray) -> None:
    """Write 16 kHz mono sound without loss; libsndfile would add a chunk with the time of day."""
    wavfile.write(path, SAMPLE_RATE, np.asarray(audio, np.float32))


def read_audio(path: Path) -> np.ndarray:
    """Read what `write_audio` wrote: float32 [S] at 16 kHz."""
    with legible(path):
        sound = open_sound(path)
        if sound.rate != SAMPLE_RATE:
            raise ValueError(f"it has {sound.rate} Hz, archives have {SAMPLE_RATE}")
    return sound.samples


def write_truth(folder: Path, sequence: Sequence) -> dict[str, Any]:
    """Archive the test part of a sequence: frames, sound and the signals that metrics read."""
    count, digest = write_frames(folder / "frames.zip", sequence.frames)
    write_audio(folder / "audio.wav", sequence.audio)
    arrays: dict[str, np.ndarray] = {}
    for name in SIGNAL_TYPES:
        if sequence.has(name):
            value = sequence.signal(name)
            parts = {"": value} if isinstance(value, np.ndarray) else asdict(value)
            for part, array in parts.items():
                arrays[f"{name}.{part}"] = np.asarray(array)
    np.savez_compressed(folder / "signals.npz", **arrays)  # type: ignore[arg-type]  # not allow_pickle
    meta = {
        "sequence": sequence.id,
        "subject": sequence.subject,
        "domain": sequence.domain,
        "fps": sequence.fps,
        "count": count,
        "height": sequence.height,
        "width": sequence.width,
        "frames_sha256": digest,
        "audio_sha256": hashlib.sha256(sequence.audio.tobytes()).hexdigest(),
    }
    write_json(folder / "meta.json", meta)
    return meta


def read_meta(folder: Path) -> dict[str, Any]:
    """The metadata of an archive."""
    path = folder / "meta.json"
    with legible(path):
        return read_object(path)


def read_signals(folder: Path, count: int) -> dict[str, Any]:
    """The ground truth's signals of `count` frames, restored to their types.

    Raises:
        BadInput: the file is damaged, or a signal is unknown, not finite or of another length.

    """
    grouped: dict[str, dict[str, np.ndarray]] = {}
    path = folder / "signals.npz"
    with legible(path):
        # Action units of frames whose face OpenFace lost are NaN.
        for key, value in read_arrays(path, finite=False).items():
            name, _, part = key.partition(".")
            if name not in SIGNAL_TYPES:
                raise ValueError(f"no archive has a signal {name!r}")
            if name != "au" and value.dtype.kind == "f" and not np.isfinite(value).all():
                raise ValueError(f"{key} holds values that are not finite")
            if value.ndim and part != "names" and len(value) != count:
                raise ValueError(f"{key} has {len(value)} rows, and there are {count} frames")
            grouped.setdefault(name, {})[part] = value
    signals: dict[str, Any] = {}
    for name, parts in grouped.items():
        if set(parts) == {""}:
            signals[name] = parts[""]
            continue
        plain: dict[str, Any] = {
            part: str(array) if array.dtype.kind == "U" and array.ndim == 0 else array
            for part, array in parts.items()
        }
        if "names" in plain:
            plain["names"] = tuple(map(str, plain["names"]))
        with legible(path):
            signals[name] = SIGNAL_TYPES[name](**plain)
    return signals


def batches(
    prediction: FrameSource, truth: FrameSource, size: int = 32
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Aligned frames in blocks: (start, prediction [B,H,W,3], truth [B,H,W,3]).

    Raises:
        ValueError: the lengths differ; nothing is trimmed or stretched.
    """
    if len(prediction) != len(truth):
        raise ValueError(f"{len(prediction)} predicted frames, {len(truth)} ground-truth frames")
    for start in range(0, len(truth), size):
        block = range(start, min(start + size, len(truth)))
        yield start, prediction.stack(block), truth.stack(block)
