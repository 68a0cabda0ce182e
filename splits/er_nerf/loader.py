"""A folder in the ER-NeRF layout as a `Sequence`: ours, or one made by the original tools."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from harness.contracts import (
    BadInput,
    FrameSource,
    Masks,
    Progress,
    Sequence,
    SequenceEntry,
    SplitManifest,
)
from harness.files.pictures import frame_size, read_frame, read_picture
from harness.media.audio import read_audio
from splits.er_nerf import files
from splits.er_nerf.contents import check_sizes, digest_of, frame_path, present
from splits.er_nerf.manifest import fps_of, is_er_nerf, manifest_of
from splits.er_nerf.priors import has_priors, read_priors

__all__ = ["digest_of", "is_er_nerf", "load", "manifest_of"]


def _silent(stage: str, done: int, total: int, **values: float) -> None:
    """A progress that nobody watches."""


def load(
    manifest: SplitManifest, entry: SequenceEntry, progress: Progress | None = None
) -> Sequence:
    """Read one sequence; frames and signals are read only when they are asked for.

    Args:
        manifest: its `fps` and `resolution` must be those of the folder.
        entry: `options["folder"]` is the prepared folder; `emotion` and `intensity` are
            carried into the sequence.
        progress: called when masks, the slowest signal, are read.

    Raises:
        BadInput: a missing or malformed file, a gap among the files of the frames, another frame
            rate or size than the manifest's, sound that does not last as long as the frames
            within one frame.

    """
    folder = Path(str(entry.options.get("folder", "")))
    if not entry.options.get("folder") or not is_er_nerf(folder):
        raise BadInput(
            folder,
            f"sequence {entry.id!r} has no prepared folder there",
            "Prepare it with `python -m harness prepare VIDEO --out DIR`, and name DIR.",
        )
    transforms = files.read_transforms(folder)
    count = transforms.count
    fps, there = fps_of(folder), present(folder, count)
    if abs(fps - manifest.fps) > 1e-6:
        raise BadInput(
            folder,
            f"it has {fps:g} frames per second and {manifest.name} says {manifest.fps:g}",
            "Prepare the video again with --fps 25, or correct the manifest.",
        )
    height, width = frame_size(frame_path(folder, 0))
    if (height, width) != tuple(manifest.resolution):
        raise BadInput(
            folder,
            f"its frames are {height}x{width} and {manifest.name} says "
            f"{manifest.resolution[0]}x{manifest.resolution[1]}",
            f"Prepare the video again with --size {manifest.resolution[1]}.",
        )
    check_sizes(folder, there, count, (height, width))
    audio = _audio(folder, count, fps)
    return Sequence(
        id=entry.id,
        subject=entry.subject,
        fps=fps,
        audio=audio,
        frames=FrameSource(partial(_read_frame, folder, (height, width)), count, height, width),
        train=transforms.train,
        test=transforms.test,
        emotion=entry.emotion,
        intensity=entry.intensity,
        domain=manifest.domain,
        signals=_signals(folder, there, transforms, height, width, fps, progress or _silent),
        digest=digest_of(folder),
        folder=folder,
    )


def _read_frame(folder: Path, size: tuple[int, int], index: int) -> np.ndarray:
    path = frame_path(folder, index)
    frame = read_frame(path)
    if frame.shape[:2] != size:
        raise BadInput(path, f"{frame.shape[:2]}, the first frame is {size}", "Prepare again.")
    return frame


def _audio(folder: Path, count: int, fps: float) -> np.ndarray:
    """Sound of `aud.wav` at 16 kHz, float32, brought to the frames' length within one frame."""
    audio = read_audio(folder / "aud.wav")
    wanted = round(count / fps * 16_000)
    off = (len(audio) - wanted) / 16_000
    if abs(off) > 1 / fps + 1e-6:
        raise BadInput(
            folder / "aud.wav",
            f"it lasts {len(audio) / 16_000:.3f} s and the {count} frames {count / fps:.3f} s, "
            f"{abs(off) * fps:.1f} frames apart",
            "Give the sound of exactly these frames.",
        )
    return np.pad(audio[:wanted], (0, max(0, wanted - len(audio))))


def _signals(
    folder: Path,
    there: Container[str],
    transforms: files.Transforms,
    height: int,
    width: int,
    fps: float,
    progress: Progress,
) -> Mapping[str, Any]:
    """The signals that the folder has, each read on first use."""
    count = transforms.count
    signals: dict[str, Callable[[], Any]] = {"camera": transforms.camera}

    def masks() -> Masks:
        progress("masks", 0, count)
        bits = files.read_masks(folder, count, height, width, "teeth" in there)
        progress("masks", count, count)
        return Masks(bits)

    if "masks" in there:
        signals["masks"] = masks
    if "plate" in there and (folder / "bc.jpg").is_file():
        signals["plate"] = partial(_plate, folder, count, height, width)
    if "landmarks" in there:
        signals["landmarks"] = partial(files.read_landmarks, folder, count)
    readers: dict[str, tuple[str, Callable[[Path, int], Any]]] = {
        "expression": ("expression.npz", files.read_expression),
        "au": ("au.csv", partial(files.read_action_units, fps=fps)),
        "audio_features": ("aud_ds.npy", files.read_audio_features),
    }
    for name, (file, reader) in readers.items():
        if (folder / file).is_file():
            signals[name] = partial(reader, folder / file, count)
    if has_priors(folder):
        signals["priors"] = partial(
            read_priors, folder, len(transforms.train), len(transforms.test)
        )
    return signals


def _plate(folder: Path, count: int, height: int, width: int) -> FrameSource:
    """Torso over background, uint8 RGB [T,H,W,3], still lazy."""
    background = read_picture(folder / "bc.jpg", cure=files.AGAIN)
    if background.shape[:2] != (height, width):
        raise BadInput(
            folder / "bc.jpg",
            f"{background.shape[:2]}, the frames are {(height, width)}",
            "Prepare again.",
        )

    def read(index: int) -> np.ndarray:
        path = folder / "torso_imgs" / f"{index}.png"
        torso = read_picture(path, "RGBA", files.AGAIN)
        if torso.shape[:2] != (height, width):
            raise BadInput(path, f"{torso.shape[:2]}, not {(height, width)}", "Prepare again.")
        alpha = torso[..., 3:].astype(np.uint16)
        mixed = torso[..., :3] * alpha + background.astype(np.uint16) * (255 - alpha)
        return ((mixed + 127) // 255).astype(np.uint8)

    return FrameSource(read, count, height, width)
