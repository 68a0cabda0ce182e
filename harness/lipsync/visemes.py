"""From speech to visemes: how open the mouth should be, from the sound alone.

A small temporal convolution that was trained on Emo-DB's phone labels (`visemes.md` is its card)
classifies every 10 ms of sound as one of twelve mouth shapes. It knows nothing of any video.
Inference is numpy: three layers of a few taps need no torch, which takes seconds to import.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import scipy.fft

from harness.contracts.sequence import SAMPLE_RATE

#: Mouth shapes, and how open the jaw is in each (0 shut, 1 as in "father").
OPENING = {
    "silence": 0.05,
    "p b m": 0.0,
    "f v": 0.15,
    "s z": 0.1,
    "sh": 0.15,
    "t d n l": 0.25,
    "k g ng": 0.3,
    "ee": 0.25,
    "eh": 0.45,
    "ah": 1.0,
    "oh": 0.6,
    "oo": 0.25,
}

#: Columns a second, their window, and bands.
RATE, N_FFT, N_MELS = 100, 512, 32
_LOWEST, _HIGHEST = 60.0, 7600.0

#: Columns between the taps of each convolution. With five taps the network sees 140 ms on either
#: side of a column: about a syllable.
DILATIONS, TAPS = (1, 2, 4), 5

#: Seconds over which a jaw moves from one shape to the next.
_INERTIA = 0.17

WEIGHTS = Path(__file__).with_suffix(".safetensors")


@cache
def _filters() -> np.ndarray:
    """Triangular bands, evenly spaced in mel (HTK's), float32 [N_MELS, 1 + N_FFT // 2]."""
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (_LOWEST, _HIGHEST))
    edges = 700 * (10 ** (np.linspace(low, high, N_MELS + 2) / 2595) - 1)
    hertz = np.arange(1 + N_FFT // 2) * SAMPLE_RATE / N_FFT
    left, middle, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising, falling = (hertz - left) / (middle - left), (right - hertz) / (right - middle)
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)


def bands(audio: np.ndarray) -> np.ndarray:
    """What the network sees of a sound, float32 [N, N_MELS], N = 100 a second.

    Log energies of the bands, each normalised over the whole sound, so that level, distance and
    colour of the microphone do not count.

    Args:
        audio: float32 [S] at 16 kHz.

    """
    hop = SAMPLE_RATE // RATE
    count = max(1, len(audio) // hop)
    padded = np.pad(np.asarray(audio, np.float32), (N_FFT // 2, N_FFT))
    starts = np.arange(count) * hop + hop // 2
    frames = padded[starts[:, None] + np.arange(N_FFT)] * np.hanning(N_FFT).astype(np.float32)
    power = np.abs(scipy.fft.rfft(frames, axis=1)) ** 2
    levels = np.log(power @ _filters().T + 1e-6)
    return ((levels - levels.mean(0)) / (levels.std(0) + 1e-3)).astype(np.float32)


@cache
def _weights() -> dict[str, np.ndarray]:
    from safetensors.numpy import load_file

    return {name: value.astype(np.float32) for name, value in load_file(WEIGHTS).items()}


def hidden(audio: np.ndarray, layers: int = len(DILATIONS)) -> np.ndarray:
    """The output of the last of the first `layers` convolutions, float32 [N,C], not negative."""
    stored, values = _weights(), bands(audio)
    for index, dilation in enumerate(DILATIONS[:layers]):
        weight, bias = stored[f"{2 * index}.weight"], stored[f"{2 * index}.bias"]
        count, reach = len(values), dilation * (TAPS // 2)
        # The bands' mean is 0, so that 0 is also what is least surprising outside the sound.
        padded = np.pad(values, ((reach, reach), (0, 0)))
        values = np.tile(bias, (count, 1))
        for tap in range(TAPS):
            start = tap * dilation
            values += padded[start : start + count] @ weight[:, :, tap].T
        np.maximum(values, 0, out=values)
    return values


def directions(audio: np.ndarray) -> np.ndarray:
    """The first layer's output along its twelve principal directions, float32 [N,12].

    Nearer to the sound than `posteriors`, which forget how a shape is spoken, and yet shaped by
    what tells mouth shapes apart; the directions are those in which that layer varies most over
    the speech of training.
    """
    return hidden(audio, 1) @ _weights()["directions"].T


def posteriors(audio: np.ndarray) -> np.ndarray:
    """How likely each mouth shape (of `OPENING`) is, float32 [N,12], 100 a second."""
    last, stored = 2 * len(DILATIONS), _weights()
    scores = hidden(audio) @ stored[f"{last}.weight"][:, :, 0].T + stored[f"{last}.bias"]
    scores = np.exp(scores - scores.max(1, keepdims=True))
    return scores / scores.sum(1, keepdims=True)


def expected_opening(audio: np.ndarray) -> np.ndarray:
    """How open the mouth should be, float64 [N] in 0..1, 100 a second, smoothed as a jaw moves."""
    opening = posteriors(audio) @ np.array(list(OPENING.values()))
    taps = np.hanning(round(_INERTIA * RATE) + 2)[1:-1]
    return np.convolve(np.pad(opening, len(taps) // 2, mode="edge"), taps / taps.sum(), "valid")
