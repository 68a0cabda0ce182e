"""The vocal tract: a cascade of resonances that move.

Formants in series, with a pole and a zero for the nose and a shelf for the slope of the
voice's spectrum; after Klatt (1980).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import sosfilt

from splits.synthetic.prosody import TRACK_RATE

SAMPLE_RATE = 16_000
HOP = SAMPLE_RATE // TRACK_RATE

#: F5..F7 stand still: they colour the voice, and carry no phoneme.
_HIGH_FORMANTS = (4300.0, 5400.0, 6600.0)
_BANDWIDTHS = (70.0, 90.0, 140.0, 220.0, 300.0, 400.0, 500.0)


@dataclass(frozen=True)
class Tracks:
    """Articulation at `TRACK_RATE`: formants [K,4] in Hz; voicing, aspiration, nasality [K]."""

    formants: np.ndarray
    voicing: np.ndarray
    aspiration: np.ndarray
    nasality: np.ndarray


def resonator(frequency: np.ndarray | float, bandwidth: np.ndarray | float) -> np.ndarray:
    """Second-order sections [..., 6] of unit gain at 0 Hz."""
    radius = np.exp(-np.pi * bandwidth / SAMPLE_RATE)
    a1 = -2.0 * radius * np.cos(2.0 * np.pi * frequency / SAMPLE_RATE)
    a2 = radius**2
    zero = np.zeros_like(a1)
    return np.stack([1.0 + a1 + a2, zero, zero, zero + 1.0, a1, a2], axis=-1)


def _antiresonator(frequency: np.ndarray, bandwidth: np.ndarray) -> np.ndarray:
    """The inverse of a resonator: a spectral zero of unit gain at 0 Hz."""
    pole = resonator(frequency, bandwidth)
    gain, a1, a2 = pole[..., 0], pole[..., 4], pole[..., 5]
    zero = np.zeros_like(gain)
    return np.stack([1.0 / gain, a1 / gain, a2 / gain, zero + 1.0, zero, zero], axis=-1)


def _tilt(decibels: np.ndarray) -> np.ndarray:
    """First-order shelf of unit gain at 0 Hz and about `decibels` at 3 kHz."""
    # The neutral voice already falls by 10 dB there; the pole moves with the wanted change.
    total = np.clip(10.0 - decibels, 0.1, 24.0)
    ratio = 10.0 ** (total / 10.0)
    cosine = np.cos(2.0 * np.pi * 3000.0 / SAMPLE_RATE)
    b = (ratio - cosine) / (ratio - 1.0)
    pole = b - np.sqrt(b * b - 1.0)
    zero = np.zeros_like(pole)
    return np.stack([1.0 - pole, zero, zero, zero + 1.0, -pole, zero], axis=-1)


def vocal_tract(source: np.ndarray, tracks: Tracks, tilt: np.ndarray, scale: float) -> np.ndarray:
    """The source through the time-varying cascade, float64 [S].

    Coefficients change every 2.5 ms; what the sections remember is carried over as samples,
    not as products with the old coefficients, so that a change makes no click.
    """
    count = len(tilt)
    nasal = tracks.nasality
    sections = [_tilt(tilt)]
    # Pole and zero of the nose coincide, and so cancel, while the velum is shut.
    still = np.full(count, 100.0)
    sections.append(_antiresonator(270.0 + 330.0 * nasal, still))
    sections.append(resonator(np.full(count, 270.0), still))
    for i, bandwidth in enumerate(_BANDWIDTHS):
        moving = i < tracks.formants.shape[1]
        centre = tracks.formants[:, i] if moving else np.full(count, _HIGH_FORMANTS[i - 4] * scale)
        # Above 7.6 kHz a pole would crowd the Nyquist frequency.
        centre = np.minimum(centre, 7600.0)
        sections.append(resonator(centre, bandwidth * (1.0 + 0.8 * nasal)))
    cascade = np.stack(sections, axis=1)
    ratio, shear = _carry(cascade)
    state = np.zeros((cascade.shape[1], 2))
    out = np.empty(count * HOP)
    for k in range(count):
        part = slice(k * HOP, (k + 1) * HOP)
        state[:, 0] = ratio[k] * state[:, 0] + shear[k] * state[:, 1]
        state[:, 1] *= ratio[k]
        out[part], state = sosfilt(cascade[k], source[part], zi=state)
    return out


def _carry(cascade: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How the state of each section must change with its coefficients, twice [K, sections].

    A transposed section remembers (p h1 + q h2, q h1), where h are its last two outputs
    (or inputs, where it has zeros instead of poles) and p, q its coefficients of lag 1
    and 2. With new p, q and the same h the state becomes (ratio w1 + shear w2, ratio w2).
    """
    poles = cascade[..., 4:6].any(axis=-1, keepdims=True)
    lags = np.where(poles, -cascade[..., 4:6], cascade[..., 1:3])
    p, q = lags[..., 0], lags[..., 1]
    ratio, shear = np.ones_like(p), np.zeros_like(p)
    second = q[0] != 0.0  # the tilt is of first order
    before, after = q[:-1][:, second], q[1:][:, second]
    ratio[1:, second] = after / before
    shear[1:, second] = p[1:, second] / before - after * p[:-1, second] / before**2
    ratio[1:, ~second] = p[1:, ~second] / p[:-1, ~second]
    return ratio, shear


__all__ = ["HOP", "SAMPLE_RATE", "Tracks", "resonator", "vocal_tract"]
