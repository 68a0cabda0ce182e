"""A folder in the ER-NeRF layout as a `Sequence`: ours, or one made by the original tools."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
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
from harness.media.audio import read_audio
from harness.weights import sha256_of
from splits.er_nerf import files
from splits.er_nerf.priors import FILES, has_priors, read_priors

#: The layout states no frame rate; its own tools know only this one.
LAYOUT_FPS = 25.0


def _silent(stage: str, done: int, total: int, **values: float) -> None:
    """A progress that nobody watches."""


def is_er_nerf(folder: Path) -> bool:
    """Whether a folder looks like this layout (nothing in it is checked yet)."""
    folder = Path(folder)
    return (folder / "transforms_train.json").is_file() and (folder / "gt_imgs").is_dir()


def _fps(folder: Path) -> float:
    record = folder / "prepare.json"
    if not record.is_file():
        return LAYOUT_FPS
    try:
        fps = float(json.loads(record.read_text("utf-8"))["fps"])
        if not 0 < fps < math.inf:
            raise ValueError(f"fps is {fps}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(record, f"no frame rate in it ({error!r})", "Prepare again.") from error
    return fps


def _frame_path(folder: Path, index: int) -> Path:
    """`gt_imgs/{i}.png` where there is one (lossless), else `.jpg`."""
    lossless = folder / "gt_imgs" / f"{index}.png"
    return lossless if lossless.is_file() else folder / "gt_imgs" / f"{index}.jpg"


def manifest_of(folder: Path) -> SplitManifest:
    """A split of one recording, made from a prepared folder.

    Raises:
        BadInput: not a folder of this layout.

    """
    folder = Path(folder).resolve()
    if not is_er_nerf(folder):
        raise BadInput(
            folder,
            "not a prepared folder (no transforms_train.json and gt_imgs)",
            "Make one with `python -m harness prepare VIDEO --out DIR`.",
        )
    transforms = files.read_transforms(folder)
    height, width = files.read_picture(_frame_path(folder, 0)).shape[:2]
    return SplitManifest(
        id=folder.name,
        version=1,
        loader="er_nerf",
        domain="photo",
        fps=_fps(folder),
        resolution=(height, width),
        sequences=(SequenceEntry(folder.name, folder.name, options={"folder": str(folder)}),),
        licence="that of the source video",
        source="a folder on this machine",
        protocol="ER-NeRF: contiguous 10/11 train and 1/11 test, head over the test frame's "
        "own torso and background",
        train_fraction=len(transforms.train) / transforms.count,
    )


def load(
    manifest: SplitManifest, entry: SequenceEntry, progress: Progress | None = None
) -> Sequence:
    """Read one recording; frames and signals are read only when they are asked for.

    Args:
        manifest: its `fps` and `resolution` must be those of the folder.
        entry: `options["folder"]` is the prepared folder; `emotion` and `intensity` are
            carried into the sequence.
        progress: told when masks, the slowest signal, are read.

    Raises:
        BadInput: a missing or malformed file, another frame rate or size than the manifest's,
            sound that does not last as long as the frames within one frame.

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
    fps = _fps(folder)
    if abs(fps - manifest.fps) > 1e-6:
        raise BadInput(
            folder,
            f"it has {fps:g} frames per second and {manifest.name} says {manifest.fps:g}",
            "Prepare the video again with --fps 25, or correct the manifest.",
        )
    height, width = files.read_picture(_frame_path(folder, 0)).shape[:2]
    if (height, width) != tuple(manifest.resolution):
        raise BadInput(
            folder,
            f"its frames are {height}x{width} and {manifest.name} says "
            f"{manifest.resolution[0]}x{manifest.resolution[1]}",
            f"Prepare the video again with --size {manifest.resolution[1]}.",
        )
    for index in (count - 1, count // 2):
        if not _frame_path(folder, index).is_file():
            raise BadInput(_frame_path(folder, index), "no such file", "Copy the folder again.")
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
        signals=_signals(folder, transforms, height, width, progress or _silent),
        digest=digest_of(folder),
        folder=folder,
    )


def _read_frame(folder: Path, size: tuple[int, int], index: int) -> np.ndarray:
    path = _frame_path(folder, index)
    frame = files.read_picture(path)
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
    folder: Path, transforms: files.Transforms, height: int, width: int, progress: Progress
) -> Mapping[str, Any]:
    """The signals that the folder has, each read on first use."""
    count = transforms.count
    signals: dict[str, Callable[[], Any]] = {"camera": transforms.camera}

    def masks() -> Masks:
        progress("masks", 0, count)
        bits = files.read_masks(folder, count, height, width)
        progress("masks", count, count)
        return Masks(bits)

    if (folder / "parsing" / "0.png").is_file():
        signals["masks"] = masks
    if (folder / "bc.jpg").is_file() and (folder / "torso_imgs" / "0.png").is_file():
        signals["plate"] = partial(_plate, folder, count, height, width)
    if any((folder / "ori_imgs").glob("*.lms")):
        signals["landmarks"] = partial(files.read_landmarks, folder, count)
    readers = {
        "expression": ("expression.npz", files.read_expression),
        "au": ("au.csv", files.read_action_units),
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
    background = files.read_picture(folder / "bc.jpg")
    if background.shape[:2] != (height, width):
        raise BadInput(
            folder / "bc.jpg",
            f"{background.shape[:2]}, the frames are {(height, width)}",
            "Prepare again.",
        )

    def read(index: int) -> np.ndarray:
        path = folder / "torso_imgs" / f"{index}.png"
        torso = files.read_picture(path, "RGBA")
        if torso.shape[:2] != (height, width):
            raise BadInput(path, f"{torso.shape[:2]}, not {(height, width)}", "Prepare again.")
        alpha = torso[..., 3:].astype(np.uint16)
        mixed = torso[..., :3] * alpha + background.astype(np.uint16) * (255 - alpha)
        return ((mixed + 127) // 255).astype(np.uint8)

    return FrameSource(read, count, height, width)


def digest_of(folder: Path) -> str:
    """Hash of a folder's content: key files whole, pictures by name and size.

    Cheap for thousands of pictures; two preparations that differ in any picture differ in
    the compressed size of some picture, in all but contrived cases.
    """
    digest = hashlib.sha256()
    whole = ["transforms_train.json", "transforms_val.json", "aud.wav", "au.csv", "bc.jpg"]
    whole += ["expression.npz", "aud_ds.npy", "prepare.json"]
    whole += [name.format(part=p) for name, _ in FILES.values() for p in ("train", "val")]
    for name in whole:
        path = folder / name
        if path.is_file():
            digest.update(f"{name} {sha256_of(path)}\n".encode())
    for name in ("gt_imgs", "parsing", "torso_imgs", "ori_imgs", "teeth_mask"):
        for path in sorted((folder / name).glob("*")):
            digest.update(f"{name}/{path.name} {path.stat().st_size}\n".encode())
    for index in (0, 1):
        path = _frame_path(folder, index)
        if path.is_file():
            digest.update(sha256_of(path).encode())
    return digest.hexdigest()
