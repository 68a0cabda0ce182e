"""The lossy files that SyncNet's pipeline makes of a video, reproduced with PyAV's encoders.

`run_pipeline.py` of joonson/syncnet_python calls the `ffmpeg` program and OpenCV's writer; their
defaults are part of the published numbers and are made explicit here:
`recoded.avi` is MPEG-4 at quantiser 2 with MP3 sound at LAME's default rate; its muxer shifts the
video by whole frames to make room for LAME's delay, and `ffmpeg` fills the hole by repeating
frames, while the sound stays late by the delay itself. OpenCV's `XVID` is libavcodec's own MPEG-4
at one bit per pixel, quantiser 3 at best, a key frame every twelve.

Encoders run in one thread: libavcodec's slices depend on the number of threads.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from harness.media.video import seconds

RATE = Fraction(25)
#: libavcodec's quality units per step of `-qscale`.
_LAMBDA = 118
#: Flags with which the `ffmpeg` program and OpenCV convert RGB to YUV.
_SCALER = "BICUBIC"
#: libavcodec's default bit rate of a video stream.
_DEFAULT_BITS = 200_000


def build() -> dict[str, str]:
    """Versions of PyAV and of its libraries, which decide the bits."""
    versions = {name: ".".join(map(str, v)) for name, v in av.library_versions.items()}
    return {"av": av.__version__, **versions}


def to_yuv(frame: np.ndarray, index: int = 0, source: str = "rgb24") -> av.VideoFrame:
    """A frame in yuv420p from uint8 [H,W,3] with channels in the order of `source`."""
    picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format=source)
    picture = picture.reformat(format="yuv420p", interpolation=_SCALER)
    picture.pts, picture.time_base = index, 1 / RATE
    return picture


class _Writer:
    """A file that takes frames one at a time; none is kept in memory."""

    def __init__(self, path: Path, height: int, width: int, codec: str, **settings: object) -> None:
        self._container = av.open(str(path), "w")
        video = self._container.add_stream(codec, rate=RATE)
        assert isinstance(video, av.VideoStream)  # every codec below is one of pictures
        self._video, video.width, video.height = video, width, height
        for name, value in {"thread_count": 1, **settings}.items():
            setattr(self._video.codec_context, name, value)
        self.count = 0

    def _push(self, picture: av.VideoFrame) -> None:
        self._container.mux(self._video.encode(picture))
        self.count += 1

    def close(self) -> None:
        """Write buffered frames and the index."""
        self._container.mux(self._video.encode(None))
        self._container.close()


class RecodedAvi(_Writer):
    """`ffmpeg -i IN -qscale:v 2 -async 1 -r 25 recoded.avi`, from frames and sound.

    Args:
        path: the file to write.
        height: of the frames.
        width: of the frames.
        sound: float32 [S] in [-1,1] at 16 kHz.

    """

    def __init__(self, path: Path, height: int, width: int, sound: np.ndarray) -> None:
        super().__init__(
            path,
            height,
            width,
            "mpeg4",
            pix_fmt="yuv420p",
            bit_rate=_DEFAULT_BITS,
            options={"flags": "+qscale", "global_quality": str(2 * _LAMBDA)},
        )
        self._audio = self._container.add_stream(
            "libmp3lame", rate=16_000, layout="mono", format="s16p"
        )
        self._audio.codec_context.bit_rate = 0  # LAME's default: 24 kbit/s at 16 kHz mono
        self._sound = to_int16(sound)
        self._heard = 0

    def push(self, frame: np.ndarray) -> None:
        """Take the next frame, uint8 RGB [H,W,3]."""
        self._push(to_yuv(frame, self.count))
        self._hear(self.count * 640)

    def _hear(self, until: int) -> None:
        while self._heard < min(until, len(self._sound)):
            chunk = self._sound[None, self._heard : self._heard + 576]
            block = av.AudioFrame.from_ndarray(chunk, format="s16p", layout="mono")
            block.sample_rate, block.pts, block.time_base = 16_000, self._heard, Fraction(1, 16_000)
            self._container.mux(self._audio.encode(block))
            self._heard += chunk.shape[1]

    def close(self) -> None:
        """Write the rest of the sound, buffered frames and the index."""
        self._hear(len(self._sound))
        self._container.mux(self._audio.encode(None))
        super().close()


class OpenCvXvid(_Writer):
    """`cv2.VideoWriter(path, fourcc("XVID"), 25, (side, side))`."""

    def __init__(self, path: Path, side: int) -> None:
        super().__init__(
            path,
            side,
            side,
            "mpeg4",
            pix_fmt="yuv420p",
            bit_rate=int(RATE * side * side),
            gop_size=12,
            options={"qmin": "3"},
        )

    def push(self, frame: np.ndarray) -> None:
        """Take the next frame, uint8 RGB [side,side,3]."""
        self._push(to_yuv(frame[..., ::-1], self.count, "bgr24"))


class Lossless(_Writer):
    """FFV1 in RGB: frames are stored on disk and read back unchanged."""

    def __init__(self, path: Path, height: int, width: int) -> None:
        super().__init__(path, height, width, "ffv1", pix_fmt="bgr0")

    def push(self, frame: np.ndarray) -> None:
        """Take the next frame, uint8 RGB [H,W,3]."""
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        picture = picture.reformat(format="bgr0")
        picture.pts, picture.time_base = self.count, 1 / RATE
        self._push(picture)


def pictures(path: Path) -> Iterator[av.VideoFrame]:
    """The frames of a file as they are stored, in order."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        yield from container.decode(stream)


def filled(stored: Iterable[av.VideoFrame]) -> Iterator[av.VideoFrame]:
    """One frame per 25th of a second, gaps filled as the `ffmpeg` program fills them.

    The first part of a gap repeats the frame before it, the rest that after it.
    """
    last, count = None, 0
    for picture in stored:
        hole = round(seconds(picture.pts, picture.time_base) * RATE) - count
        if last is not None and hole > 1:
            for _ in range(round(hole - 0.6)):
                yield last
                count += 1
                hole -= 1
        for _ in range(max(hole, 0) + 1):
            yield picture
            count += 1
        last = picture


def to_rgb(picture: av.VideoFrame) -> np.ndarray:
    """uint8 RGB [H,W,3]."""
    return picture.to_ndarray(format="rgb24", interpolation=_SCALER)


def sound_of(path: Path) -> np.ndarray:
    """The sound of a file as mono int16 [S] at 16 kHz, from its first sample on."""
    with av.open(str(path)) as container:
        to_pcm = av.AudioResampler(format="s16", layout="mono", rate=16_000)
        parts = [b for f in container.decode(audio=0) for b in to_pcm.resample(f)]
        parts += to_pcm.resample(None)
    return np.concatenate([part.to_ndarray()[0] for part in parts])


def to_int16(sound: np.ndarray) -> np.ndarray:
    """16-bit PCM of float [S] in [-1,1]; values outside are clipped."""
    scaled = np.round(np.asarray(sound, np.float64) * 32768.0)
    return np.clip(scaled, -32768, 32767).astype(np.int16)


class JpegSeries:
    """`ffmpeg -i IN [-qscale:v Q] -threads 1 -f image2 %06d.jpg`, and the frames read again.

    Without a quality the encoder keeps to 200 kbit/s, so the result for a frame depends on those
    before it: a series is for the frames of one video in order.

    Args:
        quality: quantiser, or None for the program's default.

    """

    def __init__(self, quality: int | None = None) -> None:
        self._quality = quality
        self._coder: av.VideoCodecContext | None = None
        self._count = 0

    def __call__(self, picture: av.VideoFrame) -> np.ndarray:
        """The next frame, after JPEG coding, uint8 RGB [H,W,3]."""
        full = picture.reformat(
            format="yuvj420p",
            src_color_range="MPEG",
            dst_color_range="JPEG",
            interpolation=_SCALER,
        )
        full.pts, full.time_base = self._count, 1 / RATE
        full.pict_type = av.video.frame.PictureType.NONE  # else the encoder follows the source's
        self._count += 1
        self._coder = self._coder or self._open(full)
        from PIL import Image

        (packet,) = self._coder.encode(full)
        return np.asarray(Image.open(io.BytesIO(bytes(packet))).convert("RGB"))

    def _open(self, picture: av.VideoFrame) -> av.VideoCodecContext:
        coder = av.CodecContext.create("mjpeg", "w")
        coder.width, coder.height, coder.pix_fmt = picture.width, picture.height, "yuvj420p"
        coder.time_base, coder.framerate = 1 / RATE, RATE
        coder.bit_rate, coder.thread_count = _DEFAULT_BITS, 1
        if self._quality is not None:
            coder.options = {
                "flags": "+qscale",
                "global_quality": str(self._quality * _LAMBDA),
            }
        return coder
