"""Sound as other microphones, rooms, codecs and listeners' distances would have given it.

What networks that learn from speech are shown in training, so that they do not depend on the
conditions of their corpus. Every function is deterministic for a generator in the same state.
"""

from __future__ import annotations

import numpy as np
import scipy.fft
import scipy.signal

SAMPLE_RATE = 16_000

#: Decibels by which a microphone's response may differ at each of `_NODES`, in Hz.
_COLOUR = 6.0
_NODES = np.array([60.0, 200.0, 500.0, 1200.0, 2800.0, 5500.0, 8000.0])

#: Hz above which a telephone or a low bit rate leaves nothing, from the least to the most.
_BAND = (3400.0, 7500.0)

#: Decibels by which speech is louder than noise, from the least to the most.
_ABOVE_NOISE = (8.0, 40.0)

#: Seconds in which a room's sound decays by 60 dB, and its level after the direct sound, in dB.
_DECAY, _REVERBERANT = (0.1, 0.6), (-25.0, -5.0)


def faster(audio: np.ndarray, factor: float) -> np.ndarray:
    """The sound at another speed, pitch and formants with it, float32 [S / factor]."""
    count = max(1, round(len(audio) / factor))
    return np.interp(np.arange(count) * factor, np.arange(len(audio)), audio).astype(np.float32)


def disturbed(audio: np.ndarray, rng: np.random.Generator, often: float = 0.5) -> np.ndarray:
    """The sound with some of: a room, a microphone's colour, a narrow band, noise.

    Args:
        audio: float32 [S] in [-1,1] at 16 kHz.
        rng: decides which and how much.
        often: probability of each.

    Returns:
        float32 [S], at the same times and the same level.

    """
    given, level = np.asarray(audio, np.float64), _level(audio)
    chosen = rng.random(4) < often
    found = reverberant(given, rng) if chosen[0] else given
    if chosen[1] or chosen[2]:
        found = filtered(found, rng, colour=bool(chosen[1]), narrow=bool(chosen[2]))
    if chosen[3]:
        found = found + noise(len(found), rng) * level * 10 ** (-rng.uniform(*_ABOVE_NOISE) / 20)
    return (found * (level / max(_level(found), 1e-9))).astype(np.float32)


def reverberant(audio: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """In a room: the direct sound, and noise that decays exponentially after it."""
    decay = rng.uniform(*_DECAY)
    times = np.arange(1, int(decay * SAMPLE_RATE)) / SAMPLE_RATE
    tail = rng.normal(size=len(times)) * 10 ** (-3 * times / decay)
    # Air and walls take high notes first.
    tail = scipy.signal.lfilter([1.0], [1.0, -0.6], tail)
    tail *= 10 ** (rng.uniform(*_REVERBERANT) / 20) / np.sqrt((tail**2).sum())
    reverberant = scipy.signal.fftconvolve(audio, np.concatenate([[1.0], tail]))
    return np.asarray(reverberant[: len(audio)])


def filtered(
    audio: np.ndarray, rng: np.random.Generator, colour: bool = True, narrow: bool = False
) -> np.ndarray:
    """Through a microphone with a response of its own, or a channel without high notes."""
    size = scipy.fft.next_fast_len(len(audio), real=True)
    hertz = np.arange(size // 2 + 1) * SAMPLE_RATE / size
    decibels = np.zeros(len(hertz))
    if colour:
        heights = rng.uniform(-_COLOUR, _COLOUR, len(_NODES))
        decibels += np.interp(np.log(np.maximum(hertz, 1.0)), np.log(_NODES), heights)
    if narrow:
        decibels -= np.clip((hertz - rng.uniform(*_BAND)) / 4, 0, 60)
    spectrum = scipy.fft.rfft(audio, size) * 10 ** (decibels / 20)
    return np.asarray(scipy.fft.irfft(spectrum, size)[: len(audio)])


def noise(count: int, rng: np.random.Generator) -> np.ndarray:
    """Steady noise between white and brown, of unit level."""
    found = scipy.signal.lfilter([1.0], [1.0, -rng.uniform(0, 0.97)], rng.normal(size=count))
    return np.asarray(found / max(_level(found), 1e-9))


def _level(audio: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(audio, dtype=np.float64))))
