"""Reading and writing of sound: mono float32 PCM, resampled by one polyphase filter.

Every format is decoded at its own rate and resampled here, so that a wav and the same sound
inside an mp4 give the same samples up to the codec. Sound follows its time stamps.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
import soundfile
from scipy.signal import resample_poly

from harness.contracts import BadInput
from harness.files import limits
from harness.files.reading import AGAIN, checked_file, reading, reason
from harness.media.container import audio_stream, open_media, seconds, video_stream

#: Seconds by which sound may be off its time stamps: containers round those to a millisecond.
_JITTER = 0.01

#: Seconds of sound before the first frame that are usual: encoders begin with a packet or two.
_EARLY = 0.15

#: Codecs whose packets end where the sound does.
_EXACT = ("pcm_", "flac", "alac", "wavpack", "tta", "ape")

#: Float samples beyond this are not in [-1, 1] with some overshoot, but in another unit.
_LOUDEST = 8.0

#: Share of samples beyond [-1, 1] from which clipping is reported.
_CLIPPED = 1e-3

#: Power of the mean of the channels, relative to theirs, below which they cancel each other out.
_CANCELLED = 0.02

#: Sizes that programs write into a WAV file that they stream, not knowing its length.
_UNKNOWN_SIZE = 0x7FFF0000


@dataclass(frozen=True)
class Sound:
    """A sound as it is in a file: mono, on its own time stamps.

    Attributes:
        samples: float32 [S] in [-1,1] at `rate`; gaps of the file are silence.
        rate: Hz.
        delay: seconds by which it begins after the first frame; negative if before.
        packet: seconds of the longest packet of a lossy codec: how exact its end is.
        notes: what was done to it, a sentence each.

    """

    samples: np.ndarray
    rate: int
    delay: float = 0.0
    packet: float = 0.0
    notes: tuple[str, ...] = ()

    def at(self, rate: int) -> np.ndarray:
        """Float32 [S] at `rate` Hz, of which sample 0 belongs to the first frame.

        Sound before it is left out, and where the sound begins later there is silence.
        """
        shift = round(self.delay * self.rate)
        samples = self.samples[-shift:] if shift < 0 else np.pad(self.samples, (shift, 0))
        return np.clip(resample(samples, self.rate, rate), -1.0, 1.0)


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


def _unreadable(path: Path, why: str) -> BadInput:
    return BadInput(path, f"its sound cannot be decoded ({why})", AGAIN)


def _decode(path: Path) -> Sound:
    """The sound of a media file: each packet where its time stamp puts it."""
    with open_media(path) as container, reading(path, "sound"):
        stream = audio_stream(container, path)
        rate, codec = stream.rate, stream.codec_context.name
        to_float = av.AudioResampler(format="fltp", layout=stream.layout, rate=rate)
        parts: list[np.ndarray] = []
        start: float | None = None
        written, silent, cut, longest, power = 0, 0, 0, 0.0, 0.0
        try:
            for frame in container.decode(stream):
                if frame.sample_rate != rate:
                    fact = f"its sound changes from {rate} to {frame.sample_rate} Hz"
                    raise BadInput(path, fact, "Convert it to one rate.")
                longest = max(longest, frame.samples / rate)
                if frame.pts is not None:
                    time = float(seconds(frame.pts, frame.time_base))
                    if start is None:
                        start = time
                    gap = round((time - start) * rate) - written
                    if gap > _JITTER * rate:
                        limits.check(path, "samples", written + gap, "its sound has")
                        parts.append(np.zeros(gap, np.float32))
                        written, silent = written + gap, silent + gap
                    skip = -gap if gap < -_JITTER * rate else 0
                else:
                    skip = 0
                for block in to_float.resample(frame):
                    channels = block.to_ndarray()
                    power += _power(channels) / len(channels)
                    mono = channels.mean(0)[skip:]
                    cut += min(skip, block.samples)
                    skip = max(0, skip - block.samples)
                    parts.append(mono)
                    written += len(mono)
                limits.check(path, "samples", written, "its sound has")
            parts += [block.to_ndarray().mean(0) for block in to_float.resample(None)]
        except av.error.FFmpegError as error:
            raise _unreadable(path, reason(error)) from error
        if not parts:
            raise _unreadable(path, "no samples")
        start = start or 0.0
        first_picture = start
        if any(container.streams.video):
            first_picture = _first_picture(path, start)
    samples = np.concatenate(parts)
    notes = _cancelled(path, samples, power)
    if silent:
        fact = f"{silent / rate:.3f} s of its sound are missing; there is silence in their place"
        notes.append(f"{path}: {fact}.")
    if first_picture - start > _EARLY:
        fact = f"its first frame is shown {first_picture - start:.2f} s after its sound begins"
        notes.append(f"{path}: {fact}; the sound before it is left out.")
    if cut:
        notes.append(f"{path}: {cut / rate:.3f} s of its sound overlap and were left out.")
    step = 0.0 if codec.startswith(_EXACT) else longest
    return Sound(samples, rate, start - first_picture, step, tuple(notes))


def _power(samples: np.ndarray) -> float:
    with np.errstate(invalid="ignore"):  # what is not a number is refused later
        return float(np.square(samples, dtype=np.float64).sum())


def _cancelled(path: Path, mono: np.ndarray, power: float) -> list[str]:
    """A note if averaging the channels, whose mean power sums up to `power`, leaves nothing."""
    if not _power(mono) < _CANCELLED * power:  # also where one is not a number
        return []
    cure = "take one: `ffmpeg -i IN -af pan=mono|c0=c0 OUT.wav`"
    return [f"{path}: the channels of its sound cancel each other out when averaged; {cure}."]


def _lacking(path: Path) -> int:
    """Bytes of sound that a WAV file lacks; 0 for other files and where it states no length."""
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] + head[8:] != b"RIFFWAVE":
            return 0
        while len(chunk := file.read(8)) == 8:
            size = int.from_bytes(chunk[4:], "little")
            if chunk[:4] == b"data":
                there = path.stat().st_size - file.tell()
                return max(0, size - there) if size < _UNKNOWN_SIZE else 0
            file.seek(size + size % 2, os.SEEK_CUR)
    return 0


def _first_picture(path: Path, default: float) -> float:
    """Seconds: the time stamp of the first frame; `default` if the file has only a cover image."""
    try:
        with open_media(path) as container, reading(path, "video"):
            frame = next(container.decode(video_stream(container, path)), None)
    except BadInput:
        return default
    if frame is None or frame.pts is None:
        return default
    return float(seconds(frame.pts, frame.time_base))


def open_sound(path: Path) -> Sound:
    """The sound of a wav, flac, mp4, mpg ... file. Channels are averaged.

    Raises:
        BadInput: missing or empty file, no audio track, unreadable sound, too long, at a rate
            out of range, samples that are not finite or are not in [-1,1].

    """
    path = checked_file(path)
    try:
        info = soundfile.info(str(path))
    except (soundfile.LibsndfileError, TypeError, ValueError):
        sound = _decode(path)
    else:
        limits.check(path, "rate", info.samplerate, "its sound has")
        limits.check(path, "samples", info.frames * info.channels, "its sound has")
        with reading(path, "sound file"):
            channels, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
            lacking = _lacking(path)
        if lacking or len(channels) < info.frames:
            fact = f"{lacking} bytes" if lacking else f"{info.frames - len(channels)} samples"
            raise BadInput(path, f"its sound is cut short: {fact} are missing", AGAIN)
        if not np.isfinite(channels).all():
            raise _unreadable(path, "not-a-number samples")
        mono = channels.mean(1)
        power = _power(channels) / channels.shape[1]
        sound = Sound(mono, rate, notes=tuple(_cancelled(path, mono, power)))
    if len(sound.samples) == 0:
        raise _unreadable(path, "no samples")
    if sound.rate < 1000:
        raise _unreadable(path, f"{sound.rate} Hz is no rate of speech")
    if not np.isfinite(sound.samples).all():
        raise _unreadable(path, "not-a-number samples")
    loudest = float(np.abs(sound.samples).max())
    if loudest > _LOUDEST:
        fact = f"its samples reach {loudest:,.0f}, and floating-point sound lies in [-1, 1]"
        raise BadInput(path, fact, "Divide them by 32768 if they were 16-bit integers.")
    if (share := float(np.mean(np.abs(sound.samples) > 1.0))) > _CLIPPED:
        fact = f"{share:.1%} of its samples are beyond [-1, 1] (to {loudest:.2f}) and are clipped"
        sound = replace(sound, notes=(*sound.notes, f"{path}: {fact}."))
    return sound


def read_audio(path: Path, rate: int = 16_000) -> np.ndarray:
    """The sound of a file as mono float32 [S] in [-1,1] at `rate` Hz.

    In a video, sample 0 belongs to the first frame: sound stored before it is left out, and
    where the sound begins later there is silence until then.

    Raises:
        BadInput: what `open_sound` refuses.

    """
    return open_sound(path).at(rate)


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


__all__ = ["Sound", "open_sound", "read_audio", "resample", "write_wav"]
