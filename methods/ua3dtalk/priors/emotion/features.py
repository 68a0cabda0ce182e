"""Inputs of the speech-emotion network: three inputs of the 3 s around every frame.

Follows Vincent-ZHQ/CA-MSER `features_extraction/{extract_features,features_util}.py`: 16 kHz,
pre-emphasis 0.97, log spectrogram (Hamming 40 ms, hop 10 ms, n_fft 800, lowest 200 bins), 40
MFCC (hop 160, n_fft 2048, 128 HTK mel bands), raw samples. Transforms are computed once for a
sequence and sliced, and their 0 dB is the loudest level of the *training* set, so that a
quiet new sound stays quiet; the reference takes each utterance's own maximum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.fft
import scipy.signal

from methods.speech.mel import SAMPLE_RATE, mel_filterbank, stft_magnitude

SEGMENT = 300  # steps of 10 ms
HOP = 160
SAMPLES = SEGMENT * HOP  # 3 s
SPECTRUM_BINS, N_MFCC = 200, 40
_SPECTRUM_FFT, _SPECTRUM_WIN = 800, 640
_MFCC_FFT, _MFCC_MELS, _MFCC_MIN_HZ, _MFCC_MAX_HZ = 2048, 128, 0.0, 8000.0
_RANGE_DB = 80.0
_TINY = 1e-10


@dataclass(frozen=True)
class Levels:
    """Loudest levels of a training set: what 0 dB means for it and for any new sound."""

    spectrum_db: float
    mel_db: float


@dataclass(frozen=True)
class SpeechInputs:
    """The three inputs of a sequence with 1.5 s of silence put before and after it."""

    spectrum: np.ndarray  # float32 [F,200] in [-1,1]: -80 dB .. 0 dB
    mfcc: np.ndarray  # float32 [F,40], each row of unit length
    wave: np.ndarray  # float32 [F * 160]
    levels: Levels
    fps: float

    def window(self, frame: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Spectrogram [300,200], MFCC [300,40] and samples [48000] centred on a video frame.

        The centre is the frame's time t / fps, rounded to 10 ms.
        """
        first = round(frame * SAMPLE_RATE / HOP / self.fps)
        steps = slice(first, first + SEGMENT)
        samples = slice(first * HOP, first * HOP + SAMPLES)
        return self.spectrum[steps], self.mfcc[steps], self.wave[samples]


def speech_inputs(
    sounds: Sequence[np.ndarray], fps: float, counts: Sequence[int], levels: Levels | None = None
) -> list[SpeechInputs]:
    """Transform each sequence once, for the windows of its frames.

    Args:
        sounds: float32 [S] in [-1,1] at 16 kHz of each sequence, starting with its first frame.
        fps: frames per second.
        counts: frames of each sequence.
        levels: of the training set; the loudest of these sequences when absent.

    """
    parts = [_decibels(audio, fps, count) for audio, count in zip(sounds, counts, strict=True)]
    if levels is None:
        levels = Levels(*(float(max(each[i].max() for each in parts)) for i in range(2)))
    return [_normalised(*part, levels, fps) for part in parts]


def _decibels(
    audio: np.ndarray, fps: float, count: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Levels of the spectrum [200,F] and of the mel bands [128,F], and the samples."""
    emphasised = scipy.signal.lfilter([1.0, -0.97], [1.0], audio)
    last = round(max(count - 1, 0) * SAMPLE_RATE / HOP / fps) * HOP
    after = max(0, last + SAMPLES // 2 - len(audio)) + HOP
    padded = np.pad(emphasised, (SAMPLES // 2, after))

    magnitude = stft_magnitude(padded, _SPECTRUM_FFT, HOP, _SPECTRUM_WIN, "hamming", "constant")
    spectrum_db = 20 * np.log10(np.maximum(magnitude[:SPECTRUM_BINS], _TINY))
    power = stft_magnitude(padded, _MFCC_FFT, HOP, _MFCC_FFT, "hann", "constant") ** 2
    filters = mel_filterbank(_MFCC_FFT, _MFCC_MELS, _MFCC_MIN_HZ, _MFCC_MAX_HZ, scale="htk")
    return spectrum_db, 10 * np.log10(np.maximum(filters @ power, _TINY)), padded


def _normalised(
    spectrum_db: np.ndarray, mel_db: np.ndarray, padded: np.ndarray, levels: Levels, fps: float
) -> SpeechInputs:
    spectrum = np.clip((spectrum_db - levels.spectrum_db) / (_RANGE_DB / 2) + 1, -1, 1)
    # Around the middle of the range; else the first coefficient, the level, drowns all others
    # once the rows are brought to unit length.
    relative = np.clip(mel_db - levels.mel_db, -_RANGE_DB, 0) + _RANGE_DB / 2
    mfcc = scipy.fft.dct(relative, type=2, axis=0, norm="ortho")[:N_MFCC]
    # The network normalises every MFCC row (CA-MSER `models/ser_model.py`).
    mfcc /= np.maximum(np.linalg.norm(mfcc, axis=0), 1e-12)
    steps = len(padded) // HOP
    return SpeechInputs(
        np.ascontiguousarray(spectrum.T[:steps], np.float32),
        np.ascontiguousarray(mfcc.T[:steps], np.float32),
        padded[: steps * HOP].astype(np.float32),
        levels,
        fps,
    )
