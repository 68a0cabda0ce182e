"""Reading of video through PyAV: what is decoded counts, not what a header says.

`read_frames` is the only decode path, so a decoded frame is the same array everywhere.
Nothing is repaired silently: a truncated file, a missing frame or a variable frame rate is
refused, because each of them shifts sound against video.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import av
import av.error
import numpy as np

from harness.contracts import BadInput
from harness.files import limits
from harness.files.reading import checked_file, reading, reason
from harness.media.container import open_media, seconds, video_stream
from harness.media.mp4 import write_mp4
from harness.media.pixels import HDR, Orientation, colour_of, orientation_of

#: Rates that cameras and tools write; a measured rate this close to one is that one.
_COMMON = tuple(
    Fraction(rate)
    for rate in ("24000/1001", "24", "25", "30000/1001", "30", "48", "50", "60000/1001", "60",
                 "15", "20", "10", "12", "100", "120000/1001", "120")
)  # fmt: skip

#: Relative difference below which two written rates are one: 29.97 stands for 30000/1001.
_SAME_RATE = 5e-5

#: Up to this share, frames that an even grid lacks were dropped; beyond, the rate varies.
_DROPPED = 0.1

#: A sample aspect ratio this close to 1 comes from rounding sizes.
_SQUARE = 0.01


@dataclass(frozen=True)
class VideoInfo:
    """What a video holds, from decoding it. `height` and `width` are those of frames as shown."""

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
    start: float = 0.0  # seconds: time stamp of the first frame
    missing: tuple[int, ...] = ()  # places of the even grid between the frames that have none
    orientation: Orientation = field(default_factory=Orientation)
    colour: str = ""
    bits: int = 8  # a channel
    transfer: str = ""  # "PQ" or "HLG" where the range is high
    pixel_shape: Fraction = Fraction(1)  # width of a pixel by its height
    interlaced: bool = False
    alpha: bool = False

    @property
    def fps(self) -> float:
        """Frames per second."""
        return float(self.fps_exact)


def exact_rate(fps: float | Fraction) -> Fraction:
    """A frame rate as people write it, such as 29.97, as the fraction that files state."""
    for rate in _COMMON:
        if abs(float(fps / rate) - 1) < _SAME_RATE:
            return rate
    return Fraction(fps).limit_denominator(1001)


def _cut_short(path: Path, found: str, claimed: str) -> BadInput:
    return BadInput(
        path,
        f"the file is truncated or damaged: {found} of {claimed} can be read",
        "Copy or download it again, and compare its size with the original.",
    )


def probe(path: Path) -> VideoInfo:
    """Describe a video by decoding all of it once; the answer is kept while the file is the same.

    Raises:
        BadInput: missing, empty, not a video, no video stream, truncated, or its frames change
            their size.

    """
    path = checked_file(path)
    found = path.stat()
    return _probed(path, found.st_size, found.st_mtime_ns, found.st_ino)


@lru_cache(maxsize=256)
def _probed(path: Path, size: int, mtime: int, inode: int) -> VideoInfo:
    with open_media(path) as container, reading(path, "video"):
        stream = video_stream(container, path)
        first: av.VideoFrame | None = None
        stamps: list[float | None] = []
        stored, last_packet, interlaced = 0, -np.inf, False
        try:
            for packet in container.demux(stream):
                stored += packet.size > 0
                if packet.size and packet.pts is not None and not packet.is_discard:
                    time = float(seconds(packet.pts, packet.time_base))
                    last_packet = max(last_packet, time)
                for frame in packet.decode():
                    if first is None:
                        first = frame
                    _check_frame(path, frame, first, len(stamps), stream)
                    interlaced |= frame.interlaced_frame
                    known = frame.pts is not None
                    stamps.append(float(seconds(frame.pts, frame.time_base)) if known else None)
        except av.error.FFmpegError as error:
            found = f"{len(stamps)} frames ({reason(error)})"
            raise _cut_short(path, found, _claimed(stream)) from error
        if first is None:
            raise _cut_short(path, "no frame", _claimed(stream))
        rate = stream.average_rate or stream.guessed_rate
        tick = float(seconds(1, stream.time_base))
        if any(stamp is None for stamp in stamps):  # a raw stream has none
            if not rate:
                raise BadInput(path, "it states no frame rate", "Re-encode it at a stated rate.")
            times = np.arange(len(stamps)) / float(rate)
        else:
            times = np.array(stamps, np.float64)
        fps = _rate_of(times, tick, Fraction(rate) if rate else None, path)
        missing, varies = _off_grid(times, fps, tick)
        if last_packet > times[-1] + 0.5 / float(fps):
            raise _cut_short(path, f"{len(times)} frames", _claimed(stream))
        _check_complete(path, container, stream, stored, times, fps)
        turn = orientation_of(first, path)
        format_ = first.format
        shown = (first.width, first.height) if turn.transposed else (first.height, first.width)
        return VideoInfo(
            fps_exact=fps,
            count=len(times),
            height=shown[0],
            width=shown[1],
            duration=float(len(times) / fps),
            rotation=int(first.rotation) % 360,
            codec=stream.codec_context.name,
            pixel_format=format_.name,
            has_audio=bool(container.streams.audio),
            variable_frame_rate=varies,
            start=float(times[0]),
            missing=missing,
            orientation=turn,
            colour=colour_of(first, format_.name),
            bits=max(component.bits for component in format_.components),
            transfer=HDR.get(int(stream.codec_context.color_trc), ""),
            pixel_shape=Fraction(stream.sample_aspect_ratio or 1) or Fraction(1),
            interlaced=interlaced,
            alpha=any(component.is_alpha for component in format_.components),
        )


def _rate_of(times: np.ndarray, tick: float, stated: Fraction | None, path: Path) -> Fraction:
    """Frames per second of the times at which frames are shown, seconds, sorted.

    A header's rate counts where it agrees: after a cut without re-encoding it does not.
    """
    if len(times) < 2 or times[-1] <= times[0]:
        if stated is None:
            raise BadInput(path, "it states no frame rate", "Re-encode it at a stated rate.")
        return stated
    gaps = np.diff(times)
    usual = gaps[(gaps > 0) & (gaps < 1.5 * np.median(gaps) + tick)]
    period = float(usual.mean()) if len(usual) else float(gaps.mean())
    periods = max(1, round((times[-1] - times[0]) / period))
    # Ends of an even grid are known to a tick each; single gaps that vary say less.
    near = 2 * tick / periods + 2e-4 * period
    even = (times[-1] - times[0]) / periods
    for rate in (stated, *_COMMON):
        if rate is not None and rate > 0 and abs(float(1 / rate) - even) <= near:
            return rate
    return Fraction(1 / even).limit_denominator(1001)


def _off_grid(times: np.ndarray, fps: Fraction, tick: float) -> tuple[tuple[int, ...], bool]:
    """Places of the even grid without a frame, and whether the frames deviate from the grid.

    Containers round times to their tick (1 ms in Matroska), which is no variation.
    """
    if len(times) < 2:
        return (), False
    period = float(1 / fps)
    gaps = np.abs(np.diff(times) - period)
    drift = np.abs(times - times[0] - np.arange(len(times)) * period)
    varies = bool(gaps.max() > 0.25 * period + tick or drift.max() > 0.5 * period + tick)
    places = np.rint((times - times[0]) / period).astype(int)
    off = np.abs((times - times[0]) / period - places)
    on_grid = bool((off <= 0.25 + tick / period).all()) and len(set(places.tolist())) == len(times)
    if not varies or not on_grid or places[-1] + 1 > (1 + _DROPPED) * len(times):
        return (), varies
    return tuple(sorted(set(range(int(places[-1]))) - set(places.tolist()))), varies


def _check_frame(
    path: Path, frame: av.VideoFrame, first: av.VideoFrame, index: int, stream: av.VideoStream
) -> None:
    if frame.is_corrupt:
        raise _cut_short(path, f"only {index} frames", _claimed(stream))
    if (frame.width, frame.height) != (first.width, first.height):
        sizes = f"{first.width}x{first.height} to {frame.width}x{frame.height}"
        fact = f"its frames change from {sizes} pixels at frame {index}"
        raise BadInput(path, fact, "Scale all frames to one size.")
    limits.check(path, "frames", index + 1, "it has more than")


def _claimed(stream: av.VideoStream) -> str:
    return str(stream.frames) if stream.frames else "the video"


def _check_complete(
    path: Path,
    container: av.container.InputContainer,
    stream: av.VideoStream,
    stored: int,
    times: np.ndarray,
    fps: Fraction,
) -> None:
    """Refuse a file whose frames end before it says they do.

    What a track says of itself counts before what the file says of all its tracks. An edit list
    may show less than is stored; the duration of the track is then that of what is shown.
    """
    end = times[-1] + float(1 / fps)
    stated, exact = None, False
    if text := stream.metadata.get("DURATION"):  # Matroska's statistics tags
        if match := re.match(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", text):
            hours, minutes, rest = match.groups()
            stated, exact = 3600 * int(hours) + 60 * int(minutes) + float(rest), True
    elif stream.duration is not None:
        start = float(seconds(stream.start_time, stream.time_base))
        stated = start + float(seconds(stream.duration, stream.time_base))
    elif container.duration and not container.streams.audio:
        stated = container.duration / 1e6
    # Where packets are missing too, a frame's worth decides; other headers may be rounded up.
    exact |= 0 < stored < stream.frames
    slack = 0.75 / float(fps) if exact else max(0.5, float(2 / fps))
    if stated is not None and end < stated - slack:
        raise _cut_short(path, f"{len(times)} frames until {end:.2f} s", f"{stated:.2f} s")


def check_frames(path: Path, info: VideoInfo, square: bool = False) -> None:
    """Refuse frames that are not what 8-bit RGB metrics and methods take them for.

    Args:
        path: for messages.
        info: of the video.
        square: whether pixels must be square; two files of one shape can still be compared.

    Raises:
        BadInput: a variable frame rate or missing frames, more than 8 bits or a high dynamic
            range, an alpha channel, interlaced frames, pixels that are not square.

    """
    if info.missing:
        shown = ", ".join(map(str, info.missing[:5])) + (", ..." if len(info.missing) > 5 else "")
        raise BadInput(
            path,
            f"{len(info.missing)} frames were dropped when it was recorded (at {shown} of "
            f"{info.count + len(info.missing)})",
            "Fill them in: `ffmpeg -i IN -vf fps=25 -c:v libx264 -crf 12 OUT.mp4` repeats the "
            "frame before each.",
        )
    if info.variable_frame_rate:
        raise BadInput(
            path,
            f"the frame rate varies (on average {info.fps:.3f} frames per second)",
            "Re-encode it at a constant rate, for example "
            "`ffmpeg -i IN -vf fps=25 -c:v libx264 -crf 12 OUT.mp4`.",
        )
    if info.bits > 8 or info.transfer:
        kind = f"{info.bits} bits a channel ({info.pixel_format})"
        kind += f" and a high dynamic range ({info.transfer})" if info.transfer else ""
        raise BadInput(
            path,
            f"its frames have {kind}, but 8-bit frames are read",
            "Convert it, and say so in your paper: "
            "`ffmpeg -i IN -pix_fmt yuv420p -c:v libx264 -crf 0 OUT.mp4`"
            + (", after tone mapping it to bt709." if info.transfer else "."),
        )
    if info.alpha:
        raise BadInput(
            path,
            f"it has an alpha channel ({info.pixel_format})",
            "Composite it over its background first; transparent pixels have no colour to score.",
        )
    if info.interlaced:
        cure = "Deinterlace it first: `ffmpeg -i IN -vf bwdif=mode=send_frame OUT.mp4`."
        raise BadInput(path, "its frames are interlaced", cure)
    if square and abs(info.pixel_shape - 1) > _SQUARE:
        shape = f"{info.pixel_shape.numerator}:{info.pixel_shape.denominator}"
        cure = "Scale it to square pixels first: `ffmpeg -i IN -vf scale=iw*sar:ih,setsar=1 OUT`."
        raise BadInput(path, f"its pixels are {shape}, not square", cure)


def read_frames(path: Path) -> Iterator[np.ndarray]:
    """Decode a video frame by frame, uint8 RGB [H,W,3], turned as a player would.

    Raises:
        BadInput: what `probe` and `check_frames` refuse; another number of frames than
            `probe` found.

    """
    info = probe(path)
    check_frames(Path(path), info)
    decoded = 0
    with open_media(path) as container:
        stream = video_stream(container, Path(path))
        pictures = container.decode(stream)
        while True:
            with reading(path, f"video beyond frame {decoded}"):
                frame = next(pictures, None)
                if frame is None:
                    break
                picture: np.ndarray = frame.to_ndarray(format="rgb24")
            decoded += 1
            yield info.orientation.apply(picture)
    if decoded != info.count:
        raise _cut_short(Path(path), f"{decoded} frames", f"{info.count}")


__all__ = [
    "VideoInfo",
    "check_frames",
    "exact_rate",
    "open_media",
    "probe",
    "read_frames",
    "write_mp4",
]
