"""By how much sound and mouth are apart, and whether that is clear enough to say so."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from harness.lipsync.visemes import RATE, expected_opening

#: Where the measure peaks for clips in sync, seconds: a jaw reaches its target a little later than
#: the sound that needs it (GRID: -0.08 to -0.10 s; a video of 20 s: -0.05 s).
IN_SYNC = -0.07

#: Largest offset that is looked for, seconds.
REACH = 0.6

#: Seconds over which what changes is posture and not speech.
_POSTURE = 4

#: What a warning needs: seconds of video, the correlation at the peak, by how much it lies above
#: that without an offset and above the second-highest peak, and the offset itself in seconds.
#: Of 240 parts of 6 s of a real video in sync, none gets a warning; where the sound was moved, 229
#: get the right offset and 6 a wrong one; with other people's sound 35 get a warning.
_LENGTH, _PEAK, _GAIN, _SECOND, _OFFSET = 5.0, 0.3, 0.12, 0.05, 0.1

#: Seconds within which several measures of the mouth find one offset.
_AGREED = 0.1


@dataclass(frozen=True)
class Offset:
    """Seconds by which the sound is late (negative: early), and how sure that is.

    Attributes:
        seconds: with the measure of clips in sync taken off.
        peak: correlation of seen and expected opening at that offset.
        unmoved: correlation without any offset.
        clear: whether a user should be told that the offset is not 0.

    """

    seconds: float
    peak: float
    unmoved: float
    clear: bool


def estimate(seen: np.ndarray, audio: np.ndarray, fps: float) -> Offset:
    """Where the opening that the sound calls for fits the opening that is seen best.

    Glasses or a beard can mislead one measure of the mouth. Where there are several, the first
    is reported, and it is clear only if all find the same offset.

    Args:
        seen: mouth opening of every frame, float [T], or several measures of it, float [T,K]; NaN
            where no face was found.
        audio: float32 [S] at 16 kHz, of the same time.
        fps: frames per second.

    """
    seen = np.asarray(seen, np.float64)
    if seen.ndim == 2:
        first, *others = (estimate(column, audio, fps) for column in seen.T)
        agreed = all(abs(first.seconds - other.seconds) < _AGREED for other in others)
        return replace(first, clear=first.clear and agreed)
    known = np.isfinite(seen)
    if known.sum() < 2 * fps or not np.any(audio):
        return Offset(0.0, 0.0, 0.0, False)
    filled = np.interp(np.arange(len(seen)), np.flatnonzero(known), seen[known])
    times = np.arange(0, len(seen) / fps, 1 / RATE)
    mouth = _moving(np.interp(times, (np.arange(len(seen)) + 0.5) / fps, filled))
    sound = expected_opening(audio)[: len(times)]
    sound = _moving(np.pad(sound, (0, len(times) - len(sound)), mode="edge"))
    reach = min(round(REACH * RATE), len(times) // 4)
    lags = np.arange(-reach, reach + 1)
    # Positive lag: the sound comes later than the mouth.
    found = np.array([_correlation(mouth, sound, lag) for lag in lags.tolist()])
    best = int(found.argmax())
    unmoved = float(np.interp(IN_SYNC * RATE, lags, found))
    seconds = float(lags[best] / RATE - IN_SYNC)
    apart = np.abs(lags - lags[best]) > 0.15 * RATE
    second = float(found[apart].max()) if apart.any() else 0.0
    clear = (
        len(times) / RATE >= _LENGTH
        and abs(seconds) >= _OFFSET
        and abs(lags[best]) < reach
        and found[best] >= _PEAK
        and found[best] - unmoved >= _GAIN
        and found[best] - second >= _SECOND
    )
    return Offset(seconds, float(found[best]), unmoved, bool(clear))


def sentence(path: object, offset: Offset) -> str:
    """What a user should know; empty where sound and mouth may well belong together."""
    if not offset.clear:
        return ""
    word = "late" if offset.seconds > 0 else "early"
    return (
        f"{path}: the sound seems to be {abs(offset.seconds) * 1000:.0f} ms {word} (mouth and "
        f"speech correlate by {offset.peak:.2f} there and by {offset.unmoved:.2f} as it is)."
    )


def _moving(values: np.ndarray) -> np.ndarray:
    """Without what changes over seconds: posture and loudness, not speech."""
    width = min(_POSTURE * RATE, len(values)) | 1
    mean = np.convolve(np.pad(values, width // 2, mode="edge"), np.ones(width) / width, "valid")
    return values - mean[: len(values)]


def _correlation(mouth: np.ndarray, sound: np.ndarray, lag: int) -> float:
    a = mouth[: len(mouth) - lag] if lag >= 0 else mouth[-lag:]
    b = sound[lag:] if lag >= 0 else sound[: len(sound) + lag]
    a, b = a - a.mean(), b - b.mean()
    size = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / size) if size > 0 else 0.0
