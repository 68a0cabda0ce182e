"""Reading of video through PyAV: exact frame rates, strict about damaged files.

`read_frames` is the only decode path, so a decoded frame is the same array everywhere.
Nothing is repaired silently: a truncated file, a missing frame or a variable frame rate is
refused, because each of them shifts sound against video.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np

from harness.contracts import BadInput
from harness.media.mp4 import write_mp4

#: Containers whose header states the duration.
_CLAIMING = ("mp4", "mov", "matroska", "webm", "avi")


@dataclass(frozen=True)
class VideoInfo:
    """What a video file is. `height` and `width` are those of the frames as shown."""

    fps_exact: Fraction
    count: int  # frames
    height: int
    width: int
    duration: float  # seconds, count / fps
    rotation: int  # degrees counter-clockwise that a player applies; applied by read_frames
    codec: str
    pixel_format: str
    has_audio: bool
    variable_frame_rate: bool

    @property
    def fps(self) -> float:
        """Frames per second."""
        return float(self.fps_exact)


def _cut_short(path: Path, found: str, claimed: str) -> BadInput:
    return BadInput(
        path,
        f"the file is truncated or damaged: {found} of {claimed} can be read",
        "Copy or download it again, and compare its size with the original.",
    )


@contextmanager
def open_media(path: Path) -> Iterator[av.container.InputContainer]:
    """An open container; an error of one sentence if the file cannot be opened.

    Raises:
        BadInput: no such file, an empty file, or not a media file.

    """
    path = Path(path)
    if path.is_dir():
        raise BadInput(path, "it is a folder, not a file", "Name the video or sound file in it.")
    if not path.is_file():
        raise BadInput(path, "no such file", "Check the path.")
    if path.stat().st_size == 0:
        raise BadInput(path, "the file is empty (0 bytes)", "Copy or download it again.")
    try:
        container = av.open(str(path))
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise BadInput(
            path,
            f"not a readable media file ({getattr(error, 'strerror', None) or error})",
            "Give a video or sound file; a truncated mp4 has no index and must be copied again.",
        ) from error
    with container:
        yield container


def seconds(stamp: int | None, time_base: Fraction | None) -> Fraction:
    """A time stamp in seconds; 0 where the file has none."""
    return (stamp or 0) * (time_base or Fraction(0))


def _video_stream(container: av.container.InputContainer, path: Path) -> av.VideoStream:
    # A cover image in a sound file is a video stream to FFmpeg, but not to us.
    streams = [s for s in container.streams.video if not s.disposition & s.disposition.attached_pic]
    if not streams:
        raise BadInput(path, "it has no video stream", "Give a video file.")
    streams[0].thread_type = "AUTO"
    return streams[0]


def _is_variable(times: np.ndarray, fps: Fraction, tick: float) -> bool:
    """Whether presentation times (seconds, sorted) deviate from the even grid of `fps`.

    Containers round times to their tick (1 ms in Matroska), which is no variation.
    """
    if len(times) < 2:
        return False
    period = float(1 / fps)
    gaps = np.abs(np.diff(times) - period)
    drift = np.abs(times - times[0] - np.arange(len(times)) * period)
    return bool(gaps.max() > 0.25 * period + tick or drift.max() > 0.5 * period + tick)


def probe(path: Path) -> VideoInfo:
    """Describe a video without decoding more than its first frame.

    Counts the stored frames: exact where the header only estimates.

    Raises:
        BadInput: missing, empty, not a video, no video stream, or truncated.

    """
    path = Path(path)
    with open_media(path) as container:
        stream = _video_stream(container, path)
        tick = float(seconds(1, stream.time_base))
        times: list[float] = []
        end = 0.0
        try:
            for packet in container.demux():
                if packet.size == 0 or packet.is_discard:
                    continue
                stamp = packet.pts if packet.pts is not None else packet.dts
                base = float(seconds(1, packet.time_base))
                if packet.stream.index == stream.index:
                    times.append((stamp or 0) * base)
                if stamp is not None:
                    end = max(end, (stamp + (packet.duration or 0)) * base)
        except av.error.FFmpegError as error:
            raise _cut_short(path, f"{len(times)} frames ({error})", "the video") from error
        if not times:
            raise BadInput(path, "it holds no frame", "Copy or download it again.")
        stamps = np.sort(np.array(times))
        rate = stream.average_rate or stream.guessed_rate
        if not rate:
            if len(stamps) < 2 or stamps[-1] <= stamps[0]:
                raise BadInput(path, "it states no frame rate", "Re-encode it at a stated rate.")
            rate = Fraction((len(stamps) - 1) / (stamps[-1] - stamps[0])).limit_denominator(1001)
        fps = Fraction(rate)
        if any(name in container.format.name for name in _CLAIMING):
            if stream.frames and len(times) < stream.frames:
                raise _cut_short(path, f"{len(times)} frames", f"{stream.frames}")
            if container.duration and not stream.frames:
                claimed = container.duration / 1e6
                if end < claimed - max(0.5, float(2 / fps)):
                    raise _cut_short(path, f"{end:.2f} s", f"{claimed:.2f} s")
        has_audio = bool(container.streams.audio)

    with open_media(path) as container:
        stream = _video_stream(container, path)
        first = _first_frame(container, stream, path)
        rotation = int(first.rotation) % 360
        height, width = first.height, first.width
        if rotation in (90, 270):
            height, width = width, height
        return VideoInfo(
            fps_exact=fps,
            count=len(times),
            height=height,
            width=width,
            duration=float(len(times) / fps),
            rotation=rotation,
            codec=stream.codec_context.name,
            pixel_format=stream.pix_fmt or first.format.name,
            has_audio=has_audio,
            variable_frame_rate=_is_variable(stamps, fps, tick),
        )


def _first_frame(
    container: av.container.InputContainer, stream: av.VideoStream, path: Path
) -> av.VideoFrame:
    try:
        return next(container.decode(stream))
    except (StopIteration, av.error.FFmpegError) as error:
        raise _cut_short(path, "no frame", "the video") from error


def read_frames(path: Path) -> Iterator[np.ndarray]:
    """Decode a video frame by frame, uint8 RGB [H,W,3], rotation applied.

    Raises:
        BadInput: what `probe` refuses; a variable frame rate; a frame that cannot be
            decoded, or fewer decoded frames than the file stores.

    """
    path = Path(path)
    info = probe(path)
    if info.variable_frame_rate:
        raise BadInput(
            path,
            f"the frame rate varies (on average {info.fps:.3f} frames per second)",
            "Re-encode it at a constant rate, for example "
            "`ffmpeg -i IN -vf fps=25 -c:v libx264 -crf 12 OUT.mp4`.",
        )
    decoded = 0
    with open_media(path) as container:
        stream = _video_stream(container, path)
        try:
            for frame in container.decode(stream):
                if frame.is_corrupt:
                    raise _cut_short(path, f"only {decoded} frames", f"{info.count}")
                picture: np.ndarray = frame.to_ndarray(format="rgb24")
                if info.rotation:
                    picture = np.ascontiguousarray(np.rot90(picture, info.rotation // 90))
                decoded += 1
                yield picture
        except av.error.FFmpegError as error:
            raise _cut_short(path, f"{decoded} frames ({error})", f"{info.count}") from error
    if decoded < info.count:
        raise _cut_short(path, f"{decoded} frames", f"{info.count}")


__all__ = ["VideoInfo", "open_media", "probe", "read_frames", "write_mp4"]
