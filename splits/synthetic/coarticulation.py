"""From sounds to lips: blending of viseme targets by dominance.

After Cohen and Massaro (1993, "Modeling coarticulation in synthetic visual speech"): each
phoneme pulls its controls towards a target with a dominance that fades exponentially in
time, and the posture is the weighted mean of all pulls. Sounds that shut or nearly shut
the lips hold their target throughout the closure, so that /p b m/ always meet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from splits.synthetic.controls import CONTROLS
from splits.synthetic.phonemes import CHANNELS, PHONEMES, Phoneme
from splits.synthetic.script import Segment

#: Seconds in which a pull falls to 1/e; rounding is prepared early and released late.
_FADE = {
    "open": 0.032,
    "round": 0.060,
    "wide": 0.050,
    "press": 0.022,
    "upper": 0.022,
    "tongue": 0.030,
}

#: A weak pull towards rest that reigns where nothing is said.
_REST = 2e-3

#: Seconds at either end of a closure in which the lips still arrive or already leave.
_MARGIN = 0.005

_BILABIAL = frozenset("pbm")
_SHUT = frozenset({"p", "b", "m", "f", "v"})
_LIPS = frozenset({"open", "press", "upper"})


@dataclass(frozen=True)
class _Pull:
    """One target in time: held within `hold` seconds of `centre`."""

    centre: float
    hold: float
    viseme: dict[str, float]
    sound: Phoneme
    stress: int


def _pulls(segments: Sequence[Segment]) -> list[_Pull]:
    pulls = []
    for segment in segments:
        sound = PHONEMES[segment.symbol]
        start, end = segment.closure
        half = 0.5 * (end - start)
        if sound.viseme_to is not None:
            for share, viseme in ((0.27, sound.viseme), (0.77, sound.viseme_to)):
                centre = start + share * (end - start)
                pulls.append(_Pull(centre, 0.3 * half, dict(viseme), sound, segment.stress))
            continue
        # Lips stay shut for the closure less a margin in which they arrive and leave.
        if segment.symbol in _SHUT:
            hold = max(half - _MARGIN, 0.0)
        elif sound.kind == "silence":
            hold = max(half - 0.06, 0.0)
        else:
            hold = 0.35 * half
        pulls.append(_Pull(0.5 * (start + end), hold, dict(sound.viseme), sound, segment.stress))
    return pulls


def visemes(segments: Sequence[Segment], times: np.ndarray) -> np.ndarray:
    """Controls of the speaking mouth, without emotion.

    Args:
        segments: the sounds, in order.
        times: float64 [T], seconds at which to look (middles of frames).

    Returns:
        float64 [T, C] in the order and units of `CONTROLS`.

    """
    pulls = _pulls(segments)
    out = np.zeros((len(times), len(CONTROLS)))
    if not pulls:
        return out
    centres = np.array([p.centre for p in pulls])
    holds = np.array([p.hold for p in pulls])
    distance = np.maximum(np.abs(times[:, None] - centres) - holds, 0.0)  # [T, P]
    for channel, names in CHANNELS.items():
        strength = np.array([p.sound.dominance.get(channel, 1.0) for p in pulls])
        # Lips that shut do so late and fast; a slow pull of that strength would swallow vowels.
        quick = np.array([p.sound.symbol in _SHUT for p in pulls]) & (channel in _LIPS)
        fade = np.where(quick, 0.4, 1.0) * _FADE[channel]
        weight = strength * np.exp(-distance / fade)
        total = weight.sum(axis=1) + _REST
        for name in names:
            target = np.array([_target(p, name) for p in pulls])
            out[:, CONTROLS.index(name)] = weight @ target / total
    return out


def _target(pull: _Pull, name: str) -> float:
    value = pull.viseme.get(name, 0.0)
    if pull.sound.kind == "vowel" and name in ("jaw", "AU25"):
        # Stressed vowels are opened wide, unstressed ones undershoot.
        value *= 1.15 if pull.stress else 0.85
    return value


def lip_closure(segments: Sequence[Segment], times: np.ndarray) -> np.ndarray:
    """How firmly /p b m/ hold the lips together, float64 [T] in 0..1.

    1 throughout the held part of a closure; what emotion adds to the mouth must yield to it.
    """
    shut = [s for s in segments if s.symbol in _BILABIAL]
    out = np.zeros(len(times))
    for segment in shut:
        start, end = segment.closure
        hold = max(0.5 * (end - start) - _MARGIN, 0.0)
        distance = np.maximum(np.abs(times - 0.5 * (start + end)) - hold, 0.0)
        out = np.maximum(out, np.exp(-((distance / 0.025) ** 2)))
    return out


__all__ = ["lip_closure", "visemes"]
