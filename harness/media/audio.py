"""Reading and writing of sound: mono float32 PCM, resampled by one polyphase filter.

Every format is decoded at its own rate and resampled here, so that a wav and the same sound
inside an mp4 give the same samples up to the codec.
"""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
import soundfile
from scipy.signal import resample_poly

from harness.contracts import BadInput
from harness.media.video import open_media, seconds


def resample(samples: np.ndarray, source_rate: int, rate: int) -> np.ndarray:
    """Band-limited resampling of float32 [S] from `source_rate` to `rate` Hz.

    The result has `ceil(S * rate / source_rate)` samples, float32.
    """
    if source_rate == rate:
        return np.asarray(samples, np.float32)
    ratio = Fraction(rate, source_rate)
    return resample_poly(
        np.asarray(samples, np.float64), ratio.numerator, ratio.denominator
    ).astype(np.float32)


def _unreadable(path: Path, why: object) -> BadInput:
    reason = getattr(why, "strerror", None) or why
    return BadInput(path, f"its sound cannot be decoded ({reason})", "Copy or download it again.")


def _decode(path: Path) -> tuple[np.ndarray, int, float]:
    """Mono samples, their rate, and their start relative to the first frame, in seconds."""
    with open_media(path) as container:
        if not container.streams.audio:
            raise BadInput(path, "it has no audio track", "Give a video with sound, or a wav file.")
        stream = container.streams.audio[0]
        rate = stream.rate
        to_float = av.AudioResampler(format="fltp", layout=stream.layout, rate=rate)
        parts: list[np.ndarray] = []
        start: float | None = None
        try:
            for frame in container.decode(stream):
                if start is None:
                    start = float(seconds(frame.pts, frame.time_base))
                parts += [block.to_ndarray().mean(0) for block in to_float.resample(frame)]
            parts += [block.to_ndarray().mean(0) for block in to_float.resample(None)]
        except av.error.FFmpegError as error:
            raise _unreadable(path, error) from error
        if start is None or not parts:
            raise _unreadable(path, "no samples")
        first_picture = start
        if container.streams.video:
            video = container.streams.video[0]
            if video.start_time is not None:
                first_picture = float(seconds(video.start_time, video.time_base))
        return np.concatenate(parts), rate, start - first_picture


def audio_delay(path: Path) -> float:
    """Seconds by which the sound of a video begins after its first frame (negative: before).

    Raises:
        BadInput: what `read_audio` refuses.

    """
    return _decode(Path(path))[2]


def read_audio(path: Path, rate: int = 16_000) -> np.ndarray:
    """The sound of a wav, flac, mp4, mpg ... file, as mono float32 [S] in [-1,1] at `rate` Hz.

    Channels are averaged. In a video, sample 0 belongs to the first frame: sound stored
    before it is left out, and where the sound begins later there is silence until then.

    Raises:
        BadInput: missing or empty file, no audio track, unreadable sound.

    """
    path = Path(path)
    try:
        samples, source_rate = soundfile.read(str(path), dtype="float32", always_2d=True)
        samples, delay = samples.mean(1), 0.0
    except (soundfile.LibsndfileError, TypeError):
        samples, source_rate, delay = _decode(path)
    if len(samples) == 0:
        raise _unreadable(path, "no samples")
    if not np.isfinite(samples).all():
        raise _unreadable(path, "not-a-number samples")
    shift = round(delay * source_rate)
    samples = samples[-shift:] if shift < 0 else np.pad(samples, (shift, 0))
    return np.clip(resample(samples, source_rate, rate), -1.0, 1.0)


def write_wav(path: Path, samples: np.ndarray, rate: int = 16_000) -> None:
    """Write mono float32 [S] in [-1,1] as 16-bit PCM; the file appears only when complete."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        soundfile.write(str(partial), np.clip(samples, -1, 1), rate, subtype="PCM_16", format="WAV")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


__all__ = ["audio_delay", "read_audio", "resample", "write_wav"]
