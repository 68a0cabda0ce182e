"""A source-filter voice at 16 kHz: glottal pulses and noise through moving resonances.

After Klatt (1980): a cascade of formants with a nasal pole-zero pair for voiced and
aspirated sound, parallel resonances for friction and bursts. The glottal pulse is the
polynomial of Klatt and Klatt (1990, KLGLOTT88). The same segments move the face, so lips
and sound correspond by construction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import lfilter, resample_poly

from splits.synthetic.phonemes import PHONEMES, Formants, Phoneme
from splits.synthetic.prosody import TRACK_RATE, Prosody, Speaker
from splits.synthetic.script import Segment
from splits.synthetic.vocal_tract import HOP, SAMPLE_RATE, Tracks, resonator, vocal_tract

#: Amplitude of the pulses that gives a neutral vowel an RMS near 0.07, which leaves room to shout.
_SOURCE_GAIN = 0.14
_ASPIRATION_GAIN = 0.026


def _states(
    segment: Segment, sound: Phoneme
) -> Iterator[tuple[float, float, Formants | None, float, float]]:
    """(start, end, formants, voicing, aspiration) within a segment, formants None if inherited."""
    start, end = segment.start, segment.end
    if sound.glide_to is not None:
        onset, offset = start + 0.45 * (end - start), start + 0.60 * (end - start)
        yield start, onset, sound.formants, sound.voicing, 0.0
        yield onset, offset, None, sound.voicing, 0.0
        yield offset, end, sound.glide_to, sound.voicing, 0.0
    elif sound.closure:
        release = segment.closure[1]
        yield start, release, sound.formants, sound.voicing, 0.0
        # After the release the tract is already on its way to the next sound.
        yield release, end, None, 2.5 * sound.voicing, sound.aspiration
    else:
        yield start, end, sound.formants, sound.voicing, sound.aspiration


def articulation(segments: Sequence[Segment], count: int, scale: float = 1.0) -> Tracks:
    """Formant and amplitude tracks with the transitions of connected speech.

    Args:
        segments: the sounds, in order.
        count: length K of the tracks.
        scale: ratio of all formants (a shorter tract has higher ones).

    """
    clock = (np.arange(count) + 0.5) / TRACK_RATE
    formants = np.full((count, 4), np.nan)
    voicing, aspiration, nasality = np.zeros((3, count))
    for segment in segments:
        sound = PHONEMES[segment.symbol]
        for start, end, target, voiced, breathy in _states(segment, sound):
            span = slice(*np.searchsorted(clock, (start, end)))
            if target is not None:
                formants[span] = target
            voicing[span], aspiration[span] = voiced, breathy
            nasality[span] = sound.nasality
    known = np.flatnonzero(np.isfinite(formants[:, 0]))
    if len(known) == 0:
        formants[:] = PHONEMES["ax"].formants
        known = np.arange(count)
    filled = np.stack([np.interp(clock, clock[known], formants[known, i]) for i in range(4)], 1)
    return Tracks(
        # Log frequency, because loci are heard and reached in ratios.
        scale * np.exp(gaussian_filter1d(np.log(filled), 0.016 * TRACK_RATE, axis=0)),
        gaussian_filter1d(voicing, 0.006 * TRACK_RATE),
        gaussian_filter1d(aspiration, 0.006 * TRACK_RATE),
        gaussian_filter1d(nasality, 0.009 * TRACK_RATE),
    )


def glottal_source(
    prosody: Prosody, count: int, rng: np.random.Generator, open_quotient: float = 0.6
) -> tuple[np.ndarray, np.ndarray]:
    """Derivative of glottal flow, and how open the glottis is, both float64 [count].

    Period by period with jitter and shimmer, at twice the rate to keep the closure's
    overtones from folding back.
    """
    rate, total = 2 * SAMPLE_RATE, 2 * count
    seconds = count / SAMPLE_RATE
    f0, jitter = prosody.f0, prosody.jitter
    noise = rng.standard_normal(int(seconds * float(f0.max()) * 1.2) + 16)
    instants, period = [0.0], 0
    while instants[-1] < seconds:
        k = min(int(instants[-1] * TRACK_RATE), len(f0) - 1)
        step = 1.0 + float(np.clip(jitter[k] * noise[period], -0.1, 0.1))
        instants.append(instants[-1] + step / f0[k])
        period += 1
    cycles = np.interp(np.arange(total) / rate, instants, np.arange(len(instants)))
    u = (cycles % 1.0) / open_quotient
    # Flow u^2 - u^3 while open; its derivative falls to -1 at closure and is 0 after it.
    pulse = np.where(u < 1.0, 2.0 * u - 3.0 * u * u, 0.0)
    shimmer = 1.0 + 0.04 * rng.standard_normal(len(instants) + 1)
    pulse *= shimmer[cycles.astype(int)]
    opening = np.where(u < 1.0, 6.75 * (u * u - u**3), 0.0)
    return resample_poly(pulse, 1, 2), resample_poly(opening, 1, 2)


def _noise(sound: Phoneme, count: int, rng: np.random.Generator) -> np.ndarray:
    """Friction of a phoneme with unit RMS, float64 [count]."""
    lead = 400  # samples for the resonances to settle
    white = rng.standard_normal(count + lead)
    shaped = np.zeros(count + lead)
    for frequency, bandwidth, gain in sound.noise:
        _, _, _, _, a1, a2 = resonator(frequency, bandwidth)
        # Zeros at 0 Hz and Nyquist make a band-pass whose peak gain is about 1.
        # Twice, because one pass leaves too much of the low frequencies in an /s/.
        b, a = [(1 - a2) / 2, 0.0, -(1 - a2) / 2], [1.0, a1, a2]
        shaped += gain * lfilter(b, a, lfilter(b, a, white))
    shaped = shaped[lead:]
    return shaped / max(float(np.sqrt(np.mean(shaped**2))), 1e-9)


def _envelope(count: int, attack: float, release: float) -> np.ndarray:
    """Raised-cosine rise and fall, in seconds, at most half of the length each."""
    envelope = np.ones(count)
    for seconds, reverse in ((attack, False), (release, True)):
        n = min(round(seconds * SAMPLE_RATE), count // 2)
        ramp = 0.5 - 0.5 * np.cos(np.pi * (np.arange(n) + 0.5) / max(n, 1))
        view = envelope[::-1] if reverse else envelope
        view[:n] *= ramp
    return envelope


def friction(
    segments: Sequence[Segment], count: int, gain: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Fricatives, bursts and the hiss of affricates, float64 [count]."""
    out = np.zeros(count)
    for segment in segments:
        sound = PHONEMES[segment.symbol]
        if not sound.frication:
            continue
        start = segment.closure[1] if sound.closure else segment.start
        first, last = round(start * SAMPLE_RATE), min(round(segment.end * SAMPLE_RATE), count)
        if sound.kind == "stop":
            last = min(first + round(0.018 * SAMPLE_RATE), count)
        if last <= first:
            continue
        attack, release = {
            "stop": (0.001, 0.012),
            "affricate": (0.004, 0.02),
            "fricative": (0.02, 0.025),
        }[sound.kind]
        hiss = _noise(sound, last - first, rng) * _envelope(last - first, attack, release)
        # Friction follows the voice's effort, but less than proportionally.
        level = 0.6 * sound.frication * gain[min(first // HOP, len(gain) - 1)] ** 0.7
        out[first:last] += level * hiss
    return out


def synthesise(
    segments: Sequence[Segment], prosody: Prosody, speaker: Speaker, rng: np.random.Generator
) -> np.ndarray:
    """The voice, float32 PCM [S] in [-1, 1] at 16 kHz; S is `len(prosody.f0)` times 40.

    Loudness is kept across sequences; only where a peak would clip is the whole scaled down.
    """
    blocks = len(prosody.f0)
    count = blocks * HOP
    tracks = articulation(segments, blocks, speaker.formants)
    clock = np.arange(count) / HOP

    def at_samples(track: np.ndarray) -> np.ndarray:
        return np.interp(clock, np.arange(blocks) + 0.5, track)

    gain = at_samples(prosody.gain)
    pulse, opening = glottal_source(prosody, count, rng)
    breath = rng.standard_normal(count)
    voicing = at_samples(tracks.voicing)
    # Breath is let through in time with the glottis; aspiration flows whether it moves or not.
    aspiration = at_samples(tracks.aspiration) + voicing * at_samples(prosody.breath) * opening * 4
    source = gain * (_SOURCE_GAIN * voicing * pulse + _ASPIRATION_GAIN * aspiration * breath)
    voiced = vocal_tract(source, tracks, prosody.tilt, speaker.formants)
    sound = voiced + friction(segments, count, prosody.gain, rng)
    sound += 1e-4 * rng.standard_normal(count)  # a room is never digitally silent
    peak = float(np.abs(sound).max(initial=0.0))
    return (sound * min(1.0, 0.95 / max(peak, 1e-9))).astype(np.float32)


__all__ = [
    "SAMPLE_RATE",
    "articulation",
    "friction",
    "glottal_source",
    "synthesise",
]
