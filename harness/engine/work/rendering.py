"""Requests to a method for a test, and the way from its head layers to archived frames."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from harness.contracts import (
    NULL_CLOCK,
    FrameSource,
    Method,
    MethodSpec,
    Progress,
    RenderedFrame,
    RenderRequest,
    Sequence,
    StageClock,
)
from harness.contracts.sequence import SAMPLE_RATE
from harness.engine.cells import archive
from harness.media.video import read_frames, write_mp4
from harness.storage import write_json

#: The control for sync metrics: the sound, shifted by half of the test part.
SHUFFLED = "shuffled-audio"

#: A control for `audio+au`: the test's action units, all set to zero.
AU_ZEROED = "audio+au-zeroed"

#: x264 quality of the preview videos; metrics never read them.
PREVIEW_CRF = 18

#: Features of the sound that other tools computed; they are shifted with the sound.
OF_THE_SOUND = ("audio_features", "priors")


def request_for(spec: MethodSpec, sequence: Sequence, drive: str) -> RenderRequest:
    """What a method receives for a test: sound, cameras and the controls of the driving signal.

    Raises:
        MissingSignal: the drive needs action units and the sequence has none.

    """
    part = sequence.part(sequence.test)
    controls = {name: part.signal(name) for name in OF_THE_SOUND if part.has(name)}
    if drive == SHUFFLED:
        frames = len(part.frames) // 2
        sound = np.roll(part.audio, round(frames * SAMPLE_RATE / part.fps))
        part = replace(part, audio=sound)
        controls = {name: rolled(value, frames) for name, value in controls.items()}
    if drive in ("audio+au", AU_ZEROED):
        au = part.signal("au", f"the drive {drive} of {spec.id}")
        controls["au"] = replace(au, values=np.zeros_like(au.values)) if drive == AU_ZEROED else au
    return RenderRequest.of(part, controls, spec.role == "oracle")


def rolled(signal: Any, frames: int) -> Any:
    """A per-frame signal shifted circularly in time; its text fields stay."""
    arrays = {
        field.name: np.roll(value, frames, axis=0)
        for field in fields(signal)
        if isinstance(value := getattr(signal, field.name), np.ndarray)
    }
    return replace(signal, **arrays)


def composite(frame: RenderedFrame, plate: np.ndarray | None) -> np.ndarray:
    """Composite a head layer over the background plate and quantise once: uint8 [H,W,3].

    Raises:
        FloatingPointError: the method rendered a NaN or an infinity.

    """
    rgb = frame.rgb
    if plate is not None:
        rgb = rgb + (1.0 - frame.alpha[..., None]) * (plate.astype(np.float32) / 255.0)
    if not np.isfinite(rgb).all():
        raise FloatingPointError("the method rendered values that are not finite")
    return np.clip(np.rint(rgb * 255.0), 0, 255).astype(np.uint8)


def composited(
    method: Method,
    spec: MethodSpec,
    sequence: Sequence,
    drive: str,
    clock: StageClock = NULL_CLOCK,
) -> Iterator[np.ndarray]:
    """The frames of a test as they are scored: uint8 [H,W,3], exactly as many as requested.

    Raises:
        ValueError: the method rendered another number or size of frames.

    """
    part = sequence.part(sequence.test)
    plates = part.signal("plate") if part.has("plate") else None
    request = request_for(spec, sequence, drive)
    done = 0
    for frame in method.render(request, clock):
        if frame.rgb.shape != (request.height, request.width, 3):
            raise ValueError(
                f"{spec.id} rendered {list(frame.rgb.shape)}, "
                f"asked for {[request.height, request.width, 3]}"
            )
        plate = None if plates is None else plates[done % len(plates)]
        done += 1
        if done > request.count:
            raise ValueError(f"{spec.id} rendered more than {request.count} frames")
        yield composite(frame, plate)
    if done != request.count:
        raise ValueError(f"{spec.id} rendered {done} of {request.count} frames")


def render(
    method: Method,
    spec: MethodSpec,
    sequence: Sequence,
    drive: str,
    folder: Path,
    record: dict[str, Any],
    truth_folder: Path,
    progress: Progress,
) -> None:
    """Render the test part into a lossless archive, and a preview video for viewing."""
    count = len(sequence.test)

    def counted() -> Iterator[np.ndarray]:
        frames = composited(method, spec, sequence, drive)
        for index, frame in enumerate(frames, start=1):
            progress("render", index, count)
            yield frame

    start = time.perf_counter()
    written, digest = archive.write_frames(folder / "frames.zip", counted())
    truth_audio = archive.read_audio(truth_folder / "audio.wav")
    archive.write_audio(folder / "audio.wav", truth_audio)
    truth = archive.read_meta(truth_folder)
    frames = archive.open_frames(folder / "frames.zip")
    write_mp4(folder / "preview.mp4", iter(frames), sequence.fps, truth_audio, crf=PREVIEW_CRF)
    meta = {
        "method": spec.id,
        "drive": drive,
        "sequence": sequence.id,
        "fps": sequence.fps,
        "count": written,
        "height": sequence.height,
        "width": sequence.width,
        "frames_sha256": digest,
        "truth": {"frames_sha256": truth["frames_sha256"]},
        "preview": {"crf": PREVIEW_CRF, "psnr_db": codec_cost(frames, folder / "preview.mp4")},
    }
    write_json(folder / "meta.json", meta)
    record["meta"] = meta
    record["seconds"] = time.perf_counter() - start


def codec_cost(frames: FrameSource, preview: Path) -> float:
    """Mean PSNR in dB between the lossless frames and their preview: the loss of the codec."""
    values = []
    for index, decoded in enumerate(read_frames(preview)):
        frame = frames[index].astype(np.float64)
        height, width = min(len(frame), len(decoded)), min(frame.shape[1], decoded.shape[1])
        error = np.mean((frame[:height, :width] - decoded[:height, :width]) ** 2)
        values.append(10 * np.log10(255.0**2 / max(error, 1e-6)))
    return float(np.mean(values))
