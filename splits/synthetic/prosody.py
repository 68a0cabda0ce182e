"""Timing and melody: when each sound is said, how high, how loud and in what voice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from scipy.ndimage import gaussian_filter1d

from splits.synthetic.emotion import Voice
from splits.synthetic.phonemes import PHONEMES
from splits.synthetic.script import Phone, Segment, natural_duration

#: Control tracks of the voice per second; 40 samples at 16 kHz.
TRACK_RATE = 400


@dataclass(frozen=True)
class Speaker:
    """A subject's voice: mean f0 in Hz, tract length as a ratio of formants, habits."""

    f0: float = 120.0
    formants: float = 1.0
    rate: float = 1.0
    breath: float = 0.03
    jitter: float = 0.006

    @classmethod
    def of(cls, identity: int) -> Speaker:
        """The voice that belongs to an identity; high voices go with short tracts."""
        rng = np.random.default_rng([identity, 0x5EA4])
        height = rng.random()
        return cls(
            f0=float(100.0 * 2.1**height * np.exp(rng.normal(0, 0.04))),
            formants=float(0.97 + 0.19 * height + rng.normal(0, 0.01)),
            rate=float(np.clip(rng.normal(1.0, 0.06), 0.88, 1.12)),
            breath=float(rng.uniform(0.015, 0.05)),
            jitter=float(rng.uniform(0.004, 0.009)),
        )


@dataclass(frozen=True)
class Prosody:
    """Tracks of the voice at `TRACK_RATE`, each float64 [K].

    f0 in Hz; gain linear; tilt in dB at 3 kHz; breath 0..1; jitter relative period noise.
    """

    f0: np.ndarray
    gain: np.ndarray
    tilt: np.ndarray
    breath: np.ndarray
    jitter: np.ndarray


def time_phones(
    phones: Sequence[Phone], start: float, seconds: float, ratio: float, block: int
) -> list[Segment]:
    """Put phones on the clock.

    Args:
        phones: what is said.
        start: when, in seconds.
        seconds: room there is; the tempo gives way by up to 15 % to fill it.
        ratio: tempo relative to neutral.
        block: index of the emotion block, kept in the segments.

    """
    natural = natural_duration(list(phones)) / ratio
    stretch = np.clip(seconds / natural.sum(), 0.85, 1.15)
    # Beyond that a longer text is still pressed into the room, a shorter one ends early.
    stretch = min(stretch, seconds / natural.sum())
    edges = start + np.concatenate([[0.0], np.cumsum(natural * stretch)])
    return [
        Segment(p.symbol, float(a), float(b), p.stress, p.syllable, block)
        for p, a, b in zip(phones, edges[:-1], edges[1:], strict=True)
    ]


def _bump(clock: np.ndarray, centre: float, width: float) -> np.ndarray:
    return np.exp(-0.5 * ((clock - centre) / width) ** 2)


def _melody(
    clock: np.ndarray, segments: Sequence[Segment], voice: Voice, rng: np.random.Generator
) -> np.ndarray:
    """Excursion of log f0 around the mean over one block: declination, accents, final."""
    first, last = segments[0].start, segments[-1].end
    progress = np.clip((clock - first) / max(last - first, 1e-3), 0.0, 1.0)
    contour = 0.06 - 0.12 * progress
    for segment in segments:
        if segment.stress and PHONEMES[segment.symbol].kind == "vowel":
            height = 0.15 * rng.uniform(0.6, 1.4)
            peak = segment.start + 0.55 * (segment.end - segment.start)
            contour += height * _bump(clock, peak, 0.07)
    ramp = np.clip((clock - (last - 0.28)) / 0.28, 0.0, 1.0)
    semitone = np.log(2) / 12
    return np.exp(voice.range) * (contour - 1.5 * semitone * ramp) + voice.final * semitone * ramp


def prosody(
    segments: Sequence[Segment],
    blocks: Sequence[tuple[float, float, Voice]],
    speaker: Speaker,
    seconds: float,
    rng: np.random.Generator,
) -> Prosody:
    """Tracks of the whole sequence.

    Args:
        segments: all sounds, in order.
        blocks: (start, end, voice) of each emotion block, contiguous.
        speaker: whose voice it is.
        seconds: length of the sequence.
        rng: chance of accents and tremor phase.

    """
    clock = (np.arange(round(seconds * TRACK_RATE)) + 0.5) / TRACK_RATE
    steps = {f.name: np.zeros_like(clock) for f in fields(Voice)}
    melody = np.zeros_like(clock)
    for index, (start, end, voice) in enumerate(blocks):
        inside = (clock >= start) & (clock < end)
        for name, track in steps.items():
            track[inside] = getattr(voice, name)
        own = [s for s in segments if s.block == index]
        if own:
            melody[inside] = _melody(clock[inside], own, voice, rng)
    smooth = {n: gaussian_filter1d(t, 0.05 * TRACK_RATE) for n, t in steps.items()}
    melody = gaussian_filter1d(melody, 0.015 * TRACK_RATE)
    phase = rng.uniform(0, 2 * np.pi)
    tremor = smooth["tremor"] * np.sin(2 * np.pi * 6.0 * clock + phase)

    stress = np.zeros_like(clock)
    for segment in segments:
        if PHONEMES[segment.symbol].kind == "vowel":
            inside = (clock >= segment.start) & (clock < segment.end)
            stress[inside] = 1.5 if segment.stress else -1.5
    loudness = smooth["energy"] + gaussian_filter1d(stress, 0.03 * TRACK_RATE)
    return Prosody(
        f0=speaker.f0 * np.exp(smooth["pitch"] + melody + tremor),
        gain=10.0 ** (loudness / 20.0),
        tilt=smooth["tilt"],
        breath=speaker.breath + smooth["breath"],
        jitter=speaker.jitter + np.maximum(smooth["jitter"], 0.0),
    )


__all__ = ["TRACK_RATE", "Prosody", "Speaker", "prosody", "time_phones"]
