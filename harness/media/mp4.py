"""Videos for people to look at; nothing is ever scored from them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np


def _even(frame: np.ndarray) -> np.ndarray:
    """Repeat the last row or column where yuv420p needs an even size."""
    height, width = frame.shape[:2]
    if height % 2 or width % 2:
        frame = np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return np.ascontiguousarray(frame)


def write_mp4(
    path: Path,
    frames: Iterable[np.ndarray],
    fps: float | Fraction,
    audio: np.ndarray | None = None,
    sample_rate: int = 16_000,
    crf: int = 18,
) -> None:
    """Write an mp4 for people to look at: H.264 yuv420p with AAC sound. Lossy, never scored.

    The file appears only when it is complete.

    Args:
        path: where to write; an existing file is replaced.
        frames: uint8 RGB [H,W,3], all of one size; odd sizes gain one repeated row or column.
        fps: frames per second.
        audio: float32 [S] mono in [-1,1], or None for a silent file.
        sample_rate: of `audio`, Hz.
        crf: x264 quality, 0 (lossless) to 51.

    Raises:
        ValueError: no frame, or frames that are not uint8 RGB of one size.

    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with av.open(str(partial), "w", format="mp4") as container:
            _encode(container, iter(frames), Fraction(fps).limit_denominator(1001), audio,
                    sample_rate, crf)  # fmt: skip
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _encode(
    container: av.container.OutputContainer,
    frames: Iterator[np.ndarray],
    fps: Fraction,
    audio: np.ndarray | None,
    sample_rate: int,
    crf: int,
) -> None:
    first = next(frames, None)
    if first is None:
        raise ValueError("a video needs at least one frame")
    shape = first.shape
    video = container.add_stream("libx264", rate=fps, options={"crf": str(crf)})
    video.pix_fmt = "yuv420p"
    video.height, video.width = _even(first).shape[:2]
    sound, samples = None, np.clip(np.asarray([] if audio is None else audio, np.float32), -1, 1)
    if audio is not None:
        sound = container.add_stream("aac", rate=sample_rate, layout="mono")
    written = 0

    def push_audio(until: int) -> None:
        # Sound goes in beside its picture: a muxer holds back packets that come alone.
        nonlocal written
        while sound is not None and written < min(until, len(samples)):
            chunk = samples[written : written + 1024]
            block = av.AudioFrame.from_ndarray(chunk[None], format="fltp", layout="mono")
            block.sample_rate, block.pts = sample_rate, written
            block.time_base = Fraction(1, sample_rate)
            container.mux(sound.encode(block))
            written += len(chunk)

    frame: np.ndarray | None = first
    index = 0
    while frame is not None:
        if frame.dtype != np.uint8 or frame.shape != shape or frame.ndim != 3:
            raise ValueError(f"frame {index} is {frame.dtype} {frame.shape}, not uint8 {shape}")
        picture = av.VideoFrame.from_ndarray(_even(frame), format="rgb24")
        picture.pts, picture.time_base = index, 1 / fps
        container.mux(video.encode(picture))
        index += 1
        push_audio(int(index / fps * sample_rate))
        frame = next(frames, None)
    push_audio(2**62)
    container.mux(video.encode(None))
    if sound is not None:
        container.mux(sound.encode(None))


__all__ = ["write_mp4"]
