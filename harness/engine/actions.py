"""What each stage does: archive the truth, fit, render, time, score."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from harness.contracts import (
    NULL_CLOCK,
    FitContext,
    Method,
    Progress,
    RenderedFrame,
    RenderRequest,
    StageClock,
    TrainingSet,
)
from harness.contracts.sequence import SAMPLE_RATE
from harness.engine import archive
from harness.engine.plan import AU_ZEROED, SHUFFLED, Work
from harness.engine.provenance import provenance
from harness.engine.store import write_json
from harness.engine.timing import TIMED, WARMUP, clock_for, time_frames
from harness.media.video import read_frames, write_mp4

#: x264 quality of the preview videos; metrics never read them.
PREVIEW_CRF = 18


def archive_truth(work: Work, folder: Path, record: dict[str, Any]) -> None:
    """Write the test part of the sequence as an archive."""
    record["meta"] = archive.write_truth(folder, work.sequence.part(work.sequence.test))


def fit(
    work: Work, method: Method, folder: Path, record: dict[str, Any], context: FitContext
) -> None:
    """Fit on the training part, which is all that the method is given."""
    start = time.perf_counter()
    method.fit(TrainingSet.of(work.sequence), folder, context)
    record["seconds"] = time.perf_counter() - start
    record["peak_memory_mb"] = peak_memory_mb(context.device)
    record["provenance"] = provenance(context.device)


def peak_memory_mb(device: str) -> float:
    """Peak memory so far: of the device on CUDA, of this process otherwise."""
    if device.startswith("cuda"):
        import torch

        return torch.cuda.max_memory_allocated(device) / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


#: Features of the sound that other tools computed beforehand; they go where the sound goes.
HEARD = ("audio_features", "priors")


def request_for(work: Work) -> RenderRequest:
    """What the method is told about the test: sound, cameras and the drive's controls."""
    part = work.sequence.part(work.sequence.test)
    audio = part.audio
    controls = {name: part.signal(name) for name in HEARD if part.has(name)}
    if work.drive == SHUFFLED:
        frames = len(part.frames) // 2
        audio = np.roll(audio, round(frames * SAMPLE_RATE / part.fps))
        controls = {name: rolled(value, frames) for name, value in controls.items()}
    if work.drive in ("audio+au", AU_ZEROED):
        au = part.signal("au", f"the drive {work.drive} of {work.method.id}")
        zeroed = work.drive == AU_ZEROED
        controls["au"] = replace(au, values=np.zeros_like(au.values)) if zeroed else au
    camera = part.signal("camera") if part.has("camera") else None
    return RenderRequest(
        audio=audio,
        fps=part.fps,
        count=len(part.frames),
        height=part.height,
        width=part.width,
        camera=camera,
        controls=controls,
        truth=part if work.method.role == "oracle" else None,
    )


def rolled(signal: Any, frames: int) -> Any:
    """A per-frame signal moved circularly in time; its text fields stay."""
    arrays = {
        field.name: np.roll(value, frames, axis=0)
        for field in fields(signal)
        if isinstance(value := getattr(signal, field.name), np.ndarray)
    }
    return replace(signal, **arrays)


def composite(frame: RenderedFrame, plate: np.ndarray | None) -> np.ndarray:
    """Lay a head over the plate and quantise once: uint8 [H,W,3].

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
    method: Method, work: Work, clock: StageClock = NULL_CLOCK, request: RenderRequest | None = None
) -> Iterator[np.ndarray]:
    """The frames of a test as they are judged: uint8 [H,W,3], exactly as many as asked for."""
    part = work.sequence.part(work.sequence.test)
    plates = part.signal("plate") if part.has("plate") else None
    request = request or request_for(work)
    done = 0
    for frame in method.render(request, clock):
        if frame.rgb.shape != (request.height, request.width, 3):
            raise ValueError(
                f"{work.method.id} rendered {list(frame.rgb.shape)}, "
                f"asked for {[request.height, request.width, 3]}"
            )
        plate = None if plates is None else plates[done % len(plates)]
        done += 1
        if done > request.count:
            raise ValueError(f"{work.method.id} rendered more than {request.count} frames")
        yield composite(frame, plate)
    if done != request.count:
        raise ValueError(f"{work.method.id} rendered {done} of {request.count} frames")


def render(
    work: Work,
    method: Method,
    folder: Path,
    record: dict[str, Any],
    truth_folder: Path,
    progress: Progress,
) -> None:
    """Render the test part into a lossless archive, and a preview video for people."""
    count = len(work.sequence.test)

    def counted() -> Iterator[np.ndarray]:
        for index, frame in enumerate(composited(method, work), start=1):
            progress("render", index, count)
            yield frame

    start = time.perf_counter()
    written, digest = archive.write_frames(folder / "frames.zip", counted())
    truth_audio = archive.read_audio(truth_folder / "audio.wav")
    archive.write_audio(folder / "audio.wav", truth_audio)
    truth = archive.read_meta(truth_folder)
    frames = archive.open_frames(folder / "frames.zip")
    write_mp4(folder / "preview.mp4", iter(frames), work.sequence.fps, truth_audio, crf=PREVIEW_CRF)
    meta = {
        "method": work.method.id,
        "drive": work.drive,
        "split": work.fit.inputs["split"],
        "sequence": work.sequence.id,
        "seed": work.seed,
        "fps": work.sequence.fps,
        "count": written,
        "height": work.sequence.height,
        "width": work.sequence.width,
        "frames_sha256": digest,
        "truth": {"key": work.truth.key, "frames_sha256": truth["frames_sha256"]},
        "preview": {"crf": PREVIEW_CRF, "psnr_db": codec_cost(frames, folder / "preview.mp4")},
    }
    write_json(folder / "meta.json", meta)
    record["meta"] = meta
    record["seconds"] = time.perf_counter() - start


def codec_cost(frames: Any, preview: Path) -> float:
    """Mean PSNR in dB between the lossless frames and their preview: what the codec costs."""
    values = []
    for index, decoded in enumerate(read_frames(preview)):
        frame = frames[index].astype(np.float64)
        height, width = min(len(frame), len(decoded)), min(frame.shape[1], decoded.shape[1])
        error = np.mean((frame[:height, :width] - decoded[:height, :width]) ** 2)
        values.append(10 * np.log10(255.0**2 / max(error, 1e-6)))
    return float(np.mean(values))


def measure_speed(
    work: Work, method: Method, folder: Path, record: dict[str, Any], device: str
) -> None:
    """Time the rendering of frames in device memory; composite, PNG and metrics excluded."""
    kind = "cuda" if device.startswith("cuda") else "cpu"
    warmup, wanted = WARMUP[kind], WARMUP[kind] + TIMED[kind]
    request, clock = request_for(work), clock_for(device)

    def endless() -> Iterator[RenderedFrame]:
        rendered = 0
        while rendered < wanted:
            for frame in method.render(request, clock):
                rendered += 1
                yield frame

    timing = time_frames(endless(), clock, warmup)
    timing |= {
        "device": device,
        "resolution": [request.height, request.width],
        "dtype": "float32",
        "provenance": provenance(device),
    }
    write_json(folder / "timing.json", timing)
    record["timing"] = timing
