"""Wav2Lip's mel front-end in numpy, and the frame-wise cuts taken from it.

Parameters of Rudrabha/Wav2Lip `hparams.py` and `audio.py`: 16 kHz, pre-emphasis 0.97,
n_fft = win 800 (Hann), hop 200 (80 columns a second), 80 Slaney mel bands from 55 to
7600 Hz, 20 dB reference, -100 dB floor, symmetric range +-4 with clipping.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

import numpy as np
import scipy.fft
import scipy.signal

SAMPLE_RATE = 16_000
N_FFT, HOP, N_MELS = 800, 200, 80
MEL_RATE = SAMPLE_RATE // HOP  # columns a second
CHUNK = 16  # columns that Wav2Lip and the style network take of one frame
F_MIN, F_MAX = 55.0, 7600.0
_PREEMPHASIS, _REFERENCE_DB, _FLOOR_DB, _LIMIT = 0.97, 20.0, -100.0, 4.0

# Slaney's Auditory Toolbox: linear below 1 kHz, logarithmic above.
_LINEAR_HZ, _BREAK_HZ = 200.0 / 3.0, 1000.0
_BREAK_MEL, _LOG_STEP = _BREAK_HZ / _LINEAR_HZ, np.log(6.4) / 27.0


def _hz_to_mel(hz: np.ndarray, scale: str) -> np.ndarray:
    if scale == "htk":
        return 2595.0 * np.log10(1.0 + hz / 700.0)
    above = _BREAK_MEL + np.log(np.maximum(hz, _BREAK_HZ) / _BREAK_HZ) / _LOG_STEP
    return np.where(hz < _BREAK_HZ, hz / _LINEAR_HZ, above)


def _mel_to_hz(mel: np.ndarray, scale: str) -> np.ndarray:
    if scale == "htk":
        return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)
    above = _BREAK_HZ * np.exp(_LOG_STEP * (mel - _BREAK_MEL))
    return np.where(mel < _BREAK_MEL, mel * _LINEAR_HZ, above)


@cache
def mel_filterbank(
    n_fft: int,
    n_mels: int,
    f_min: float,
    f_max: float,
    scale: str = "slaney",
    norm: str | None = "slaney",
) -> np.ndarray:
    """Triangular mel filters at 16 kHz, float64 [n_mels, 1 + n_fft // 2].

    Args:
        n_fft: length of the transform.
        n_mels: number of bands.
        f_min: lower edge of the first band in Hz.
        f_max: upper edge of the last band in Hz.
        scale: `slaney` or `htk`.
        norm: `slaney` makes every band the same area; None leaves peaks near 1.

    """
    bins = np.arange(1 + n_fft // 2) * (SAMPLE_RATE / n_fft)
    ends = _hz_to_mel(np.array([f_min, f_max]), scale)
    edges = _mel_to_hz(np.linspace(ends[0], ends[1], n_mels + 2), scale)
    width = np.diff(edges)
    slopes = edges[:, None] - bins
    rising, falling = -slopes[:-2] / width[:-1, None], slopes[2:] / width[1:, None]
    filters = np.maximum(0.0, np.minimum(rising, falling))
    if norm == "slaney":
        filters *= (2.0 / (edges[2:] - edges[:-2]))[:, None]
    filters.setflags(write=False)
    return filters


def stft_magnitude(
    audio: np.ndarray,
    n_fft: int,
    hop: int,
    win: int,
    window: str,
    pad: Literal["reflect", "constant"],
) -> np.ndarray:
    """Magnitude of the centred short-time Fourier transform, [1 + n_fft // 2, 1 + S // hop].

    Args:
        audio: [S] samples.
        n_fft: length of the transform; frames are centred on multiples of `hop`.
        hop: samples between frames.
        win: length of the window, centred in `n_fft`.
        window: a name that `scipy.signal.get_window` knows (periodic form).
        pad: numpy padding mode at both ends, `reflect` or `constant`.

    """
    audio = np.asarray(audio, np.float64)
    if len(audio) <= n_fft // 2:  # too short to reflect
        pad = "constant"
    padded = np.pad(audio, n_fft // 2, mode=pad)
    taper = np.zeros(n_fft)
    first = (n_fft - win) // 2
    taper[first : first + win] = scipy.signal.get_window(window, win)
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop]
    return np.abs(scipy.fft.rfft(frames * taper, axis=1)).T


def melspectrogram(audio: np.ndarray) -> np.ndarray:
    """Wav2Lip's normalised mel spectrogram, float32 [80, 1 + S // 200] in [-4, 4].

    Args:
        audio: float32 [S] in [-1,1] at 16 kHz.

    """
    emphasised = scipy.signal.lfilter([1.0, -_PREEMPHASIS], [1.0], audio)
    magnitude = stft_magnitude(emphasised, N_FFT, HOP, N_FFT, "hann", pad="reflect")
    bands = mel_filterbank(N_FFT, N_MELS, F_MIN, F_MAX) @ magnitude
    level = 20.0 * np.log10(np.maximum(bands, 10.0 ** (_FLOOR_DB / 20.0))) - _REFERENCE_DB
    scaled = 2.0 * _LIMIT * (level - _FLOOR_DB) / -_FLOOR_DB - _LIMIT
    return np.clip(scaled, -_LIMIT, _LIMIT).astype(np.float32)


def mel_chunks(mel: np.ndarray, fps: float, count: int) -> np.ndarray:
    """The 16 columns from `int(80 i / fps)` on of every frame i, float32 [count,80,16].

    Columns past either end repeat the last one, so that a chunk never slides away from
    its frame.
    """
    starts = (MEL_RATE * np.arange(count) / fps).astype(int)
    columns = np.clip(starts[:, None] + np.arange(CHUNK), 0, mel.shape[1] - 1)
    return np.ascontiguousarray(mel[:, columns].transpose(1, 0, 2))


def frame_mels(mel: np.ndarray, fps: float, count: int, slots: int) -> np.ndarray:
    """Mel levels averaged over `slots` equal parts of every frame, float32 [count, slots * 80].

    The parts tile the interval of 1 / fps centred on the frame's time: an exact box average,
    so that no frame rate aliases.
    """
    edges = (np.arange(count * slots + 1) / slots - 0.5) * MEL_RATE / fps
    edges = np.clip(edges + 0.5, 0, mel.shape[1])  # column k covers [k - 1/2, k + 1/2)
    total = np.concatenate([np.zeros((len(mel), 1)), np.cumsum(mel, 1, dtype=np.float64)], 1)
    below = np.minimum(edges.astype(int), mel.shape[1] - 1)
    part = total[:, below] + (edges - below) * mel[:, below]
    span = np.diff(edges)
    inside = mel[:, np.minimum(edges[:-1].astype(int), mel.shape[1] - 1)]
    means = np.where(span > 1e-9, np.diff(part, axis=1) / np.maximum(span, 1e-9), inside)
    return means.reshape(len(mel), count, slots).transpose(1, 2, 0).reshape(count, -1).astype("f4")
