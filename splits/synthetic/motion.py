"""What a head does while it speaks: turns, nods, blinks and looks about."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from splits.synthetic.phonemes import PHONEMES
from splits.synthetic.script import Segment

#: Order and units of the pose: degrees, then metres in camera axes.
POSE = ("yaw", "pitch", "roll", "x", "y", "z")

#: Largest slow excursion of each pose coordinate.
_REACH = (10.0, 6.0, 4.0, 0.03, 0.02, 0.04)


def stressed(segments: Sequence[Segment]) -> list[Segment]:
    """The stressed vowels, where accents of voice, brow and head fall together."""
    return [s for s in segments if s.stress and PHONEMES[s.symbol].kind == "vowel"]


def beat(times: np.ndarray, at: float, rise: float, fall: float) -> np.ndarray:
    """A movement that peaks with 1 at `at`, rising and falling over the given seconds."""
    width = np.where(times < at, rise, fall)
    return np.exp(-0.5 * ((times - at) / width) ** 2)


def sway(times: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Slow head motion as sums of sinusoids, float64 [T,6] in the order of `POSE`."""
    out = np.zeros((len(times), len(POSE)))
    for i, reach in enumerate(_REACH):
        frequencies = np.array([0.09, 0.17, 0.31, 0.53]) * rng.uniform(0.85, 1.15, 4)
        phases = rng.uniform(0, 2 * np.pi, 4)
        weights = np.array([0.45, 0.30, 0.17, 0.08])
        angles = 2 * np.pi * frequencies * times[:, None] + phases
        out[:, i] = reach * (np.sin(angles) @ weights)
    return out


def nods(times: np.ndarray, segments: Sequence[Segment], rng: np.random.Generator) -> np.ndarray:
    """Pitch in degrees that stressed syllables add, float64 [T]; not every stress nods."""
    out = np.zeros(len(times))
    for segment in stressed(segments):
        at = 0.5 * (segment.start + segment.end)
        size = rng.uniform(0.6, 2.0) * (rng.random() < 0.55)
        out += size * beat(times, at, 0.08, 0.16)
    return out


def blinks(times: np.ndarray, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """AU45 in 0..5, float64 [T]: about one blink in three seconds, of 120 to 200 ms."""
    out = np.zeros(len(times))
    at = float(rng.uniform(0.5, 2.5))
    while at < seconds:
        length = rng.uniform(0.12, 0.20)
        # Lids fall in a third of the time and rise in the rest, with a moment of rest shut.
        shut_from, shut_to = at + 0.30 * length, at + 0.50 * length
        path = np.interp(times, [at, shut_from, shut_to, at + length], [0.0, 1.0, 1.0, 0.0])
        out = np.maximum(out, 5.0 * path)
        at += 0.7 + float(rng.exponential(2.3))
    return out


def gaze(times: np.ndarray, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Yaw and pitch of the eyes in degrees, float64 [T,2]: fixations and 40 ms saccades."""
    knots, values = [0.0], [np.zeros(2)]
    while knots[-1] < seconds:
        hold = float(rng.uniform(0.5, 2.0))
        away = rng.random() < 0.35
        target = rng.normal(0, (7.0, 4.0) if away else (1.5, 1.0))
        knots += [knots[-1] + hold, knots[-1] + hold + 0.04]
        values += [values[-1], np.clip(target, (-14, -8), (14, 8))]
    table = np.stack(values)
    return np.stack([np.interp(times, knots, table[:, i]) for i in range(2)], axis=1)


__all__ = ["POSE", "beat", "blinks", "gaze", "nods", "stressed", "sway"]
