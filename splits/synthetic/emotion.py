"""Eight emotions of MEAD at three intensities: what each does to the voice and to the face.

Directions of the voice follow the review of Juslin and Laukka (2003, table 7); the faces
are the action-unit prototypes of Ekman and Friesen's EMFACS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from harness.contracts import EMOTIONS

#: How much of the full expression intensity 1, 2 and 3 show.
STRENGTH = {1: 0.45, 2: 0.72, 3: 1.0}


@dataclass(frozen=True)
class Voice:
    """Prosody relative to the neutral voice; every field is 0 when neutral.

    pitch, range, rate: natural logarithms of ratios (mean f0, f0 excursion, tempo).
    energy: dB. tilt: dB at 3 kHz, negative is duller. breath: aspiration 0..1 added.
    jitter: relative period noise added. tremor: relative f0 modulation at 6 Hz.
    final: semitones that the pitch rises (or falls) over the end of a phrase.
    """

    pitch: float = 0.0
    range: float = 0.0
    rate: float = 0.0
    energy: float = 0.0
    tilt: float = 0.0
    breath: float = 0.0
    jitter: float = 0.0
    tremor: float = 0.0
    final: float = 0.0


@dataclass(frozen=True)
class Face:
    """Posture that lasts (action units 0..5), and how lively it is.

    articulation: ratio of mouth opening while speaking. beats: action unit -> intensity of
    the micro-expression on a stressed syllable. head: bias of (yaw, pitch, roll), degrees.
    """

    units: Mapping[str, float]
    articulation: float
    beats: Mapping[str, float]
    head: tuple[float, float, float] = (0.0, 0.0, 0.0)


VOICES: Mapping[str, Voice] = {
    "neutral": Voice(),
    "angry": Voice(0.24, 0.45, 0.10, 5.0, 7.0, 0.0, 0.010, 0.0, -3.0),
    "contempt": Voice(-0.10, -0.25, -0.06, -1.0, -1.0, 0.02, 0.002, 0.0, -2.0),
    "disgusted": Voice(-0.14, 0.10, -0.14, -1.0, 1.5, 0.03, 0.014, 0.0, -4.0),
    "fear": Voice(0.36, -0.15, 0.18, -1.5, -2.0, 0.18, 0.016, 0.035, 1.0),
    "happy": Voice(0.28, 0.50, 0.07, 2.5, 3.0, 0.02, 0.0, 0.0, 1.5),
    "sad": Voice(-0.18, -0.60, -0.24, -5.0, -7.0, 0.12, 0.004, 0.012, -2.0),
    "surprised": Voice(0.42, 0.60, -0.02, 2.5, 2.0, 0.06, 0.002, 0.0, 6.0),
}

FACES: Mapping[str, Face] = {
    "neutral": Face({}, 1.0, {"AU01": 0.7, "AU02": 0.6}),
    "angry": Face(
        {"AU04": 4.2, "AU05": 1.2, "AU07": 3.0, "AU23": 1.8, "AU09": 0.6},
        1.18,
        {"AU04": 0.8, "AU07": 0.8},
        (0.0, 1.5, 0.0),
    ),
    "contempt": Face({"AU14": 3.8, "AU07": 0.8, "AU12": 0.5}, 0.9, {"AU02": 0.8}, (2.0, -2.5, 1.5)),
    "disgusted": Face(
        {"AU09": 3.8, "AU10": 2.2, "AU17": 1.8, "AU04": 1.4, "AU07": 1.2, "AU06": 0.6},
        0.95,
        {"AU09": 0.8},
        (-1.5, -1.5, 0.0),
    ),
    "fear": Face(
        {"AU01": 3.4, "AU02": 2.4, "AU04": 2.2, "AU05": 3.4, "AU20": 2.6, "AU25": 0.5},
        0.95,
        {"AU01": 1.0, "AU05": 0.6},
        (0.0, -1.0, 0.0),
    ),
    "happy": Face({"AU06": 3.4, "AU12": 3.8, "AU25": 0.6}, 1.1, {"AU01": 0.9, "AU02": 1.1}),
    "sad": Face(
        {"AU01": 3.4, "AU04": 2.0, "AU15": 3.4, "AU17": 1.2}, 0.78, {"AU01": 0.7}, (0.0, 3.0, 1.0)
    ),
    "surprised": Face(
        {"AU01": 4.0, "AU02": 4.2, "AU05": 3.4, "AU26": 1.6, "AU25": 0.8},
        1.15,
        {"AU01": 0.8, "AU02": 0.8},
        (0.0, -1.5, 0.0),
    ),
}

# Both tables serve every label of the contract, in whatever order it lists them.
if set(VOICES) != set(EMOTIONS) or set(FACES) != set(EMOTIONS):
    raise RuntimeError("every emotion needs parameters of voice and face")


def voice(emotion: str, intensity: int) -> Voice:
    """The voice of an emotion, scaled to intensity 1, 2 or 3."""
    full, strength = VOICES[emotion], STRENGTH[intensity]
    return Voice(**{f.name: strength * getattr(full, f.name) for f in fields(Voice)})


def face(emotion: str, intensity: int) -> Face:
    """The face of an emotion, scaled to intensity 1, 2 or 3."""
    full, strength = FACES[emotion], STRENGTH[intensity]
    return Face(
        {name: strength * value for name, value in full.units.items()},
        1.0 + strength * (full.articulation - 1.0),
        {name: (0.5 + 0.5 * strength) * value for name, value in full.beats.items()},
        (strength * full.head[0], strength * full.head[1], strength * full.head[2]),
    )


__all__ = ["FACES", "STRENGTH", "VOICES", "Face", "Voice", "face", "voice"]
