"""One side of a comparison on disk: a video, a folder of images, an archive."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image, UnidentifiedImageError

from harness.contracts import BadInput
from harness.engine.cells import archive
from harness.media.audio import read_audio
from harness.media.video import probe, read_frames
from harness.weights import sha256_of

VIDEOS = {".mp4", ".avi", ".mov", ".mkv", ".webm", ".mpg", ".mpeg", ".m4v"}
PICTURES = {".png", ".jpg", ".jpeg", ".bmp"}
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
    if any(p.suffix.lower() in PICTURES for p in path.iterdir() if p.is_file()):
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
    known = ", ".join(sorted(VIDEOS))
    raise BadInput(
        path,
        f"its suffix {path.suffix!r} is not that of a video",
        f"Give one of {known}, a folder of images, or a prediction archive.",
    )


def open_video(name: str, path: Path) -> OpenedSequence:
    """A video file; its frames are decoded to 8-bit RGB, rotation applied.

    Raises:
        BadInput: what `probe` refuses; a variable frame rate; more than 8 bits a channel; an
            alpha channel.

    """
    info = probe(path)
    if info.variable_frame_rate:
        next(read_frames(path))  # refuses, and states the cure
    format_ = av.VideoFormat(info.pixel_format)
    bits = max(component.bits for component in format_.components)
    if (bits > 8 and not format_.is_rgb) or bits > 16:
        raise BadInput(
            path,
            f"it has {bits} bits a channel ({info.pixel_format}), but metrics read 8-bit frames",
            "Convert it, and say so in your paper: "
            "`ffmpeg -i IN -pix_fmt yuv420p -c:v libx264 -crf 0 OUT.mp4`.",
        )
    if any(component.is_alpha for component in format_.components):
        raise BadInput(
            path,
            f"it has an alpha channel ({info.pixel_format})",
            "Composite it over its background first; transparent pixels have no colour to score.",
        )
    turned = f", rotated by {info.rotation} degrees" if info.rotation else ""
    return OpenedSequence(
        name,
        path,
        "video",
        info.fps_exact,
        info.count,
        info.height,
        info.width,
        lambda: read_frames(path),
        read_audio(path) if info.has_audio else SILENCE,
        f"{info.codec} {info.pixel_format} to rgb24 by PyAV {av.__version__}{turned}",
        sha256_of(path),
    )


def open_pictures(name: str, folder: Path, fps: float | None) -> OpenedSequence:
    """A folder of numbered images, with `audio.wav` in it or `FOLDER.wav` beside it.

    Raises:
        BadInput: no frame rate was given; names without or with missing numbers; images of
            several sizes or kinds, with alpha, grey, or of more than 8 bits.

    """
    if fps is None:
        raise BadInput(folder, "images state no frame rate", "Give it, for example --fps 25.")
    paths = numbered(folder)
    (height, width), *sizes = [_size(path) for path in paths]
    for path, size in zip(paths[1:], sizes, strict=True):
        if size != (height, width):
            fact = f"it is {size[1]}x{size[0]}, the first image is {width}x{height}"
            raise BadInput(path, fact, "Give images of one size.")

    def frames() -> Iterator[np.ndarray]:
        for path in paths:
            with _opened(path) as image:
                yield np.asarray(image)

    sound = next(
        (p for p in (folder / "audio.wav", folder.with_suffix(".wav")) if p.is_file()), None
    )
    digest = hashlib.sha256()
    for path in [*paths, *([sound] if sound else [])]:
        digest.update(f"{path.name}:{sha256_of(path)}\n".encode())
    return OpenedSequence(
        name,
        folder,
        "pictures",
        Fraction(fps).limit_denominator(1001),
        len(paths),
        height,
        width,
        frames,
        read_audio(sound) if sound else SILENCE,
        f"{paths[0].suffix.lower().lstrip('.')} images by Pillow",
        digest.hexdigest(),
    )


def numbered(folder: Path) -> list[Path]:
    """The images of a folder by their number, which must be consecutive.

    Raises:
        BadInput: a name without a number, a number twice, or a gap.

    """
    found: dict[int, Path] = {}
    for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in PICTURES):
        digits = re.findall(r"\d+", path.stem)
        if not digits:
            cure = "Name images 000000.png, 000001.png, ..."
            raise BadInput(path, "its name contains no number", cure)
        number = int(digits[-1])
        if number in found:
            fact = f"number {number} occurs twice: {found[number].name} and {path.name}"
            raise BadInput(folder, fact, "Keep one image per frame in the folder.")
        found[number] = path
    numbers = sorted(found)
    for before, after in pairwise(numbers):
        if after != before + 1:
            fact = f"image {before} is followed by {after}"
            raise BadInput(folder, fact, "Frames must be numbered without gaps: render them again.")
    return [found[number] for number in numbers]


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    try:
        with Image.open(path) as image:
            yield image
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        fact = f"it cannot be read as an image ({error})"
        raise BadInput(path, fact, "Write or copy it again.") from error


def _size(path: Path) -> tuple[int, int]:
    """Height and width, from the file's header."""
    with _opened(path) as image:
        if image.mode != "RGB":
            raise BadInput(
                path,
                f"its pixels are {image.mode}, not 8-bit RGB",
                "Convert the images to RGB; composite transparent ones over their background.",
            )
        return image.height, image.width


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
            Fraction(meta["fps"]).limit_denominator(1001),
            len(frames),
            frames.height,
            frames.width,
            lambda: iter(frames),
            archive.read_audio(sound) if sound.is_file() else SILENCE,
            "lossless archive",
            sha256_of(folder / "frames.zip") + (sha256_of(sound) if sound.is_file() else ""),
            meta.get("domain"),
            archive.read_signals(folder) if (folder / "signals.npz").is_file() else {},
        )
