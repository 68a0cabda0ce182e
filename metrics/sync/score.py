"""LSE-C, LSE-D and offset from lip and sound embeddings; no network, no torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Shifts tried each way, in frames.
VSHIFT = 15
#: Frames and MFCC columns (100 a second) of one window; a frame is four columns.
FRAMES, COLUMNS, COLUMNS_PER_FRAME = 5, 20, 4
#: Added to every component of a difference before its norm, as `pairwise_distance` does.
EPS = 1e-6


@dataclass(frozen=True)
class SyncScore:
    """How well lips follow the sound."""

    confidence: float  # LSE-C: median minus minimum of the mean distances
    distance: float  # LSE-D: minimum of the mean distances
    offset: int  # frames by which the sound is early; 0 where it is in time
    windows: int  # scored
    distances: np.ndarray  # float64 [N], of each window at that offset; NaN where it failed
    curve: np.ndarray  # float64 [31], mean distance by shift


def window_count(frames: int, samples: int) -> int:
    """Windows at 25 fps and 16 kHz: one fewer than fits, as the reference counts; at least 0."""
    return max(min(frames, samples * 25 // 16_000) - FRAMES, 0)


def mfcc(audio: np.ndarray) -> np.ndarray:
    """MFCC float64 [13,M] of float32 PCM [S] in [-1,1] at 16 kHz, as 16-bit integers.

    The scale matters: floats in [-1,1] would move the first coefficient by 2 ln 32768.
    """
    from python_speech_features import mfcc as coefficients

    pcm = np.clip(np.round(np.asarray(audio, np.float64) * 32768.0), -32768, 32767)
    return coefficients(pcm.astype(np.int16), 16_000).T


def mfcc_windows(columns: np.ndarray, count: int) -> np.ndarray:
    """Sound of each window, float32 [count,1,13,20], from MFCC [13,M]."""
    starts = np.arange(count) * COLUMNS_PER_FRAME
    index = starts[:, None] + np.arange(COLUMNS)
    return columns[:, index].transpose(1, 0, 2)[:, None].astype(np.float32)


def shifted_distances(lips: np.ndarray, sound: np.ndarray) -> np.ndarray:
    """Distance of each lip window to the sound 15 windows before to 15 after.

    The sound is zero-padded by 15 windows each side; that biases short sequences, which is
    why the number of windows stands beside the score. Of lips and sound float [N,D]: float64
    [N,31], of which entry (i,j) is |lips_i - sound_{i+j-15} + 1e-6|.
    """
    if lips.shape != sound.shape or lips.ndim != 2:
        raise ValueError(f"embeddings must be [N,D] twice: {lips.shape}, {sound.shape}")
    lips, sound = np.asarray(lips, np.float64), np.asarray(sound, np.float64)
    padded = np.pad(sound, ((VSHIFT, VSHIFT), (0, 0)))
    n = len(lips)
    return np.stack(
        [np.linalg.norm(lips - padded[j : j + n] + EPS, axis=1) for j in range(2 * VSHIFT + 1)], 1
    )


def score(lips: np.ndarray, sound: np.ndarray) -> SyncScore:
    """Score embeddings float [N,D] as joonson/syncnet_python SyncNetInstance.evaluate does.

    A row of NaN in `lips` is a window that could not be seen and counts for nothing.

    Raises:
        ValueError: no window can be scored, or the shapes differ.

    """
    distances = shifted_distances(lips, sound)
    seen = ~np.isnan(distances).any(1)
    if not seen.any():
        raise ValueError("no window can be scored")
    curve = distances[seen].mean(0)
    best = int(curve.argmin())
    return SyncScore(
        confidence=float(np.median(curve) - curve[best]),
        distance=float(curve[best]),
        offset=VSHIFT - best,
        windows=int(seen.sum()),
        distances=distances[:, best],
        curve=curve,
    )
