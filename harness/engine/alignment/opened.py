"""One side of a comparison on disk: a video, a folder of images, an archive."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from harness.contracts import BadInput
from harness.contracts.sequence import SAMPLE_RATE
from harness.engine.cells import archive
from harness.files.pictures import SUFFIXES, frame_size, numbered, read_frame
from harness.media.audio import open_sound
from harness.media.video import check_frames, exact_rate, probe, read_frames
from harness.weights import sha256_of

#: By these a video is found in a folder; one that is named may have any suffix.
VIDEOS = {
    *(".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts"),
    *(".flv", ".wmv", ".3gp", ".ogv", ".mxf", ".y4m"),
}
MESHES = {".npy", ".npz"}
SILENCE = np.zeros(0, np.float32)


@dataclass(frozen=True)
class OpenedSequence:
    """One sequence, checked but not yet decoded.

    Attributes:
        frames: starts a new pass over uint8 RGB [H,W,3]; a mesh has none.
        audio: float32 [S] in [-1,1] at 16 kHz, empty if there is no sound.
        signals: per-frame signals that came with it, by the names of `SIGNALS`.
        decode: how its pixels were decoded, for the record.
        digest: hash of everything above.
        sound_step: seconds of a packet of the sound, by which its length is uncertain.
        colour: how colours were decoded; empty where they are stored as RGB.
        pixel_shape: width of a pixel by its height.
        first: number of the first frame, where frames are numbered.
        doubts: what a user should know, a sentence each.

    """

    name: str
    path: Path
    kind: str  # "video", "pictures", "archive", "mesh"
    fps: Fraction
    count: int
    height: int
    width: int
    frames: Callable[[], Iterator[np.ndarray]]
    audio: np.ndarray
    decode: str
    digest: str
    domain: str | None = None
    signals: Mapping[str, Any] = field(default_factory=dict)
    sound_step: float = 0.0
    colour: str = ""
    pixel_shape: Fraction = Fraction(1)
    first: int = 0
    doubts: tuple[str, ...] = ()


def kind_of(path: Path) -> str | None:
    """What a path holds: the kind of one sequence, "set" for a folder of them, None for neither.

    A folder is one sequence if it is an archive or holds images; otherwise it is a set.
    """
    if path.is_file():
        suffix = path.suffix.lower()
        return "video" if suffix in VIDEOS else "mesh" if suffix in MESHES else None
    if not path.is_dir():
        return None
    if (path / "frames.zip").is_file():
        return "archive"
    if any(p.suffix.lower() in SUFFIXES for p in path.iterdir() if p.is_file()):
        return "pictures"
    return "set"


def open_sequence(name: str, path: Path, fps: float | None = None) -> OpenedSequence:
    """Open one sequence.

    Args:
        name: what it is paired by.
        path: a video, a folder of images, or a prediction archive.
        fps: frames per second of images, which state none.

    Raises:
        BadInput: it cannot be used as it is.

    """
    kind = kind_of(path)
    if kind == "video":
        return open_video(name, path)
    if kind == "pictures":
        return open_pictures(name, path, fps)
    if kind == "archive":
        return open_archive(name, path)
    if not path.exists():
        raise BadInput(path, "no such file or folder", "Check the path.")
    if path.suffix.lower() in SUFFIXES:
        raise BadInput(path, "it is a single image", "Give a video, or the folder of all frames.")
    return open_video(name, path)


def open_video(name: str, path: Path) -> OpenedSequence:
    """A video file; its frames are decoded to 8-bit RGB, rotation applied.

    Raises:
        BadInput: what `probe` refuses; a variable frame rate; more than 8 bits a channel; an
            alpha channel.

    """
    info = probe(path)
    check_frames(path, info)
    sound = open_sound(path) if info.has_audio else None
    turned = f", {info.orientation}" if str(info.orientation) else ""
    return OpenedSequence(
        name,
        path,
        "video",
        info.fps_exact,
        info.count,
        info.height,
        info.width,
        lambda: read_frames(path),
        sound.at(SAMPLE_RATE) if sound else SILENCE,
        f"{info.codec} {info.pixel_format} ({info.colour}) to rgb24 by PyAV {av.__version__}"
        + turned,
        sha256_of(path),
        sound_step=sound.packet if sound else 0.0,
        colour=info.colour,
        pixel_shape=info.pixel_shape,
        doubts=sound.notes if sound else (),
    )


def open_pictures(name: str, folder: Path, fps: float | None) -> OpenedSequence:
    """A folder of numbered images, with `audio.wav` in it or `FOLDER.wav` beside it.

    Raises:
        BadInput: no frame rate was given; names without or with missing numbers; images of
            several sizes or kinds, with alpha, grey, or of more than 8 bits.

    """
    if fps is None:
        raise BadInput(folder, "images state no frame rate", "Give it, for example --fps 25.")
    by_number = numbered(folder)
    paths = list(by_number.values())
    (height, width), *sizes = [frame_size(path) for path in paths]
    for path, size in zip(paths[1:], sizes, strict=True):
        if size != (height, width):
            fact = f"it is {size[1]}x{size[0]}, the first image is {width}x{height}"
            raise BadInput(path, fact, "Give images of one size.")
    sound = next(
        (p for p in (folder / "audio.wav", folder.with_suffix(".wav")) if p.is_file()), None
    )
    opened = open_sound(sound) if sound else None
    digest = hashlib.sha256()
    for path in [*paths, *([sound] if sound else [])]:
        digest.update(f"{path.name}:{sha256_of(path)}\n".encode())
    return OpenedSequence(
        name,
        folder,
        "pictures",
        exact_rate(fps),
        len(paths),
        height,
        width,
        lambda: map(read_frame, paths),
        opened.at(SAMPLE_RATE) if opened else SILENCE,
        f"{paths[0].suffix.lower().lstrip('.')} images by Pillow",
        digest.hexdigest(),
        sound_step=opened.packet if opened else 0.0,
        first=min(by_number),
        doubts=opened.notes if opened else (),
    )


def open_archive(name: str, folder: Path) -> OpenedSequence:
    """An archive of a prediction or of ground truth, as the engine writes them: lossless.

    Raises:
        BadInput: one of its files is damaged.

    """
    meta = archive.read_meta(folder)
    frames = archive.open_frames(folder / "frames.zip")
    sound = folder / "audio.wav"
    with archive.legible(folder / "meta.json"):
        return OpenedSequence(
            name,
            folder,
            "archive",
            exact_rate(meta["fps"]),
            len(frames),
            frames.height,
            frames.width,
            lambda: iter(frames),
            archive.read_audio(sound) if sound.is_file() else SILENCE,
            "lossless archive",
            sha256_of(folder / "frames.zip") + (sha256_of(sound) if sound.is_file() else ""),
            meta.get("domain"),
            archive.read_signals(folder, len(frames)) if (folder / "signals.npz").is_file() else {},
        )
