"""Log-mel context windows, one per video frame."""

from __future__ import annotations

import numpy as np
from python_speech_features import logfbank

from harness.contracts.sequence import SAMPLE_RATE

STEP_SECONDS = 0.01
WINDOW_SECONDS = 0.025
FILTERS = 40


def log_mel_windows(
    audio: np.ndarray, fps: float, count: int, context_seconds: float
) -> np.ndarray:
    """Log-mel energies around the middle of every video frame.

    Args:
        audio: float32 [S] at 16 kHz.
        fps: video frames per second.
        count: number of video frames T.
        context_seconds: length of the window centred on a frame.

    Returns:
        float32 [T, steps * 40], natural logarithm of filter-bank energies; the outermost windows
        are padded with silence.

    """
    half = round(context_seconds / STEP_SECONDS / 2)
    padding = round((half + 2) * STEP_SECONDS * SAMPLE_RATE)
    silence = np.zeros(padding, np.float64)
    padded = np.concatenate([silence, np.asarray(audio, np.float64), silence])
    energies = logfbank(
        padded,
        SAMPLE_RATE,
        winlen=WINDOW_SECONDS,
        winstep=STEP_SECONDS,
        nfilt=FILTERS,
        nfft=512,
        lowfreq=50,
    )
    # Digital silence would otherwise be the logarithm of machine epsilon and dominate.
    energies = np.maximum(energies, np.log(1e-8))
    middles = (np.arange(count) + 0.5) / fps + padding / SAMPLE_RATE - WINDOW_SECONDS / 2
    centres = np.rint(middles / STEP_SECONDS).astype(int)
    steps = centres[:, None] + np.arange(-half, half + 1)
    steps = np.clip(steps, 0, len(energies) - 1)
    return energies[steps].reshape(count, -1).astype(np.float32)
