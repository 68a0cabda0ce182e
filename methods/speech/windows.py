"""Windowed speech features in DeepSpeech's layout, for deformation networks.

Layout of AD-NeRF and its descendants (`deepspeech_features.py`): features at 50 Hz, and for
every video frame the 16 steps around it. Sequences that come with DeepSpeech logits use those;
any other uses a log-mel spectrogram with as many bands (kind `logmel29`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.contracts import AudioFeatures, BadInput
from methods.speech.mel import SAMPLE_RATE, mel_filterbank, stft_magnitude

KIND = "logmel29"
BANDS = 29  # DeepSpeech's alphabet: the published networks expect this many channels
WINDOW = 16  # steps of 20 ms around a frame
STEP_RATE = 50  # Hz
FRAMES = 8  # video frames around one frame, t-4 .. t+3
_HOP, _N_FFT = SAMPLE_RATE // STEP_RATE, 640
_FLOOR_DB = -100.0


@dataclass(frozen=True)
class LogMelStatistics:
    """Mean and deviation of each band in dB, over the training set: float32 [29] each."""

    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def of(cls, *audio: np.ndarray) -> LogMelStatistics:
        """Statistics of the sound of sequences, float32 [S] at 16 kHz each."""
        levels = np.concatenate([_logmel(each) for each in audio])
        # Digital silence has no deviation at all; 1 dB keeps such a band finite.
        return cls(levels.mean(0), np.maximum(levels.std(0), 1.0))


def audio_windows(
    audio: np.ndarray, fps: float, count: int, statistics: LogMelStatistics | None = None
) -> np.ndarray:
    """Window features of every frame, float32 [count,16,29].

    Frame t sees the 50 Hz steps round(50 t / fps) - 8 .. + 7; outside the
    sequence is silence.

    Args:
        audio: float32 [S] in [-1,1] at 16 kHz, starting with the first frame.
        fps: frames per second.
        count: how many frames.
        statistics: what the bands are normalised with; the sequence's own when absent.

    """
    statistics = statistics or LogMelStatistics.of(audio)
    centres = np.rint(np.arange(count) * STEP_RATE / fps).astype(int)
    half = WINDOW // 2
    after = max(0, (int(centres[-1]) + half) * _HOP - len(audio)) if count else 0
    padded = np.pad(np.asarray(audio, np.float32), (half * _HOP, after))
    levels = (_logmel(padded) - statistics.mean) / statistics.std
    return levels[centres[:, None] + np.arange(WINDOW)].astype(np.float32)


def frame_window(windows: np.ndarray, t: int) -> np.ndarray:
    """The audio network's input at frame t: float32 [8,29,16], frames t-4 .. t+3.

    Frames outside the sequence are zero (TalkingGaussian `utils/audio_utils.py`).
    """
    window = np.zeros((FRAMES, windows.shape[2], windows.shape[1]), np.float32)
    first = t - FRAMES // 2
    for i in range(max(first, 0), min(first + FRAMES, len(windows))):
        window[i - first] = windows[i].T
    return window


def check_windows(features: AudioFeatures, count: int, subject: str) -> np.ndarray:
    """Windows that came with a sequence, float32 [count,16,29].

    Raises:
        BadInput: another shape or number of frames, or a value that is not finite.

    """
    values = np.asarray(features.values, np.float32)
    if values.shape != (count, WINDOW, BANDS) or not np.isfinite(values).all():
        raise BadInput(
            subject,
            f"audio features ({features.kind}) are {list(values.shape)}, "
            f"expected finite [{count}, {WINDOW}, {BANDS}]",
            "Extract them again from the audio of this sequence.",
        )
    return values


def _logmel(audio: np.ndarray) -> np.ndarray:
    """Level of each band in dB re full scale, float32 [1 + S // 320, 29]."""
    magnitude = stft_magnitude(audio, _N_FFT, _HOP, _N_FFT, "hann", pad="constant")
    power = (magnitude / (_N_FFT / 2)) ** 2
    bands = mel_filterbank(_N_FFT, BANDS, 40.0, 7600.0, norm=None) @ power
    return (10 * np.log10(np.maximum(bands, 10 ** (_FLOOR_DB / 10)))).T.astype(np.float32)
