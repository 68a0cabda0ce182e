"""The phonemes of the synthetic voice: how each sounds, and what the mouth does for it.

Formants of vowels are the male averages of Peterson and Barney (1952), F4 and bandwidths
and the consonants' loci follow the tables of Klatt (1980, "Software for a cascade/parallel
formant synthesizer", tables II and III), rounded. Viseme targets are values of `CONTROLS`:
action units 0..5, jaw in degrees, tongue height 0..1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

#: What a phoneme's mouth posture is made of: channels that are timed together.
CHANNELS: Mapping[str, tuple[str, ...]] = {
    "open": ("jaw", "AU25"),
    "round": ("AU18", "AU22"),
    "wide": ("AU20",),
    "press": ("AU23", "AU24", "AU17"),
    "upper": ("AU10",),
    "tongue": ("tongue",),
}

Formants = tuple[float, float, float, float]
Noise = tuple[tuple[float, float, float], ...]
Levels = Mapping[str, float]


@dataclass(frozen=True)
class Phoneme:
    """One sound.

    formants: F1..F4 in Hz of a neutral adult male tract; None takes those of its neighbours.
    glide_to: formants at the end of a diphthong. duration: seconds, unstressed.
    voicing, aspiration, nasality: 0..1.
    frication: RMS of noise where a stressed vowel has about 0.1.
    noise: parallel resonances (centre Hz, bandwidth Hz, gain) of frication or burst.
    closure: fraction of the duration with the tract shut (stops and affricates).
    viseme, viseme_to: control values at the start and at the end of a diphthong.
    dominance: how strongly each channel insists, relative to a vowel's 1.
    """

    symbol: str
    kind: str
    duration: float
    formants: Formants | None = None
    glide_to: Formants | None = None
    voicing: float = 0.0
    aspiration: float = 0.0
    nasality: float = 0.0
    frication: float = 0.0
    noise: Noise = ()
    closure: float = 0.0
    viseme: Levels = field(default_factory=dict)
    viseme_to: Levels | None = None
    dominance: Levels = field(default_factory=dict)


def _mouth(
    jaw: float, part: float, round_: float = 0.0, wide: float = 0.0, tongue: float = 0.2
) -> dict[str, float]:
    """A vowel-like posture; rounding is shared between pucker and funnel."""
    return {
        "jaw": jaw,
        "AU25": part,
        "AU18": round_,
        "AU22": 0.6 * round_,
        "AU20": wide,
        "tongue": tongue,
    }


#: Vowel -> formants, seconds, posture (jaw degrees, lips apart, rounding, stretch, tongue).
_VOWELS = {
    "iy": ((270, 2290, 3010, 3500), 0.120, _mouth(3.5, 1.5, 0.0, 1.8, 0.8)),
    "ih": ((390, 1990, 2550, 3500), 0.090, _mouth(5.5, 1.7, 0.0, 1.0, 0.6)),
    "eh": ((530, 1840, 2480, 3500), 0.105, _mouth(8.5, 2.1, 0.0, 1.0, 0.4)),
    "ae": ((660, 1720, 2410, 3500), 0.135, _mouth(12.5, 2.5, 0.0, 1.2, 0.2)),
    "aa": ((730, 1090, 2440, 3400), 0.135, _mouth(15.0, 2.8, 0.0, 0.0, 0.0)),
    "ao": ((570, 840, 2410, 3300), 0.135, _mouth(11.0, 2.4, 2.6, 0.0, 0.1)),
    "ah": ((640, 1190, 2390, 3400), 0.095, _mouth(9.0, 2.0, 0.0, 0.2, 0.2)),
    "uh": ((440, 1020, 2240, 3300), 0.090, _mouth(5.5, 1.5, 2.4, 0.0, 0.5)),
    "uw": ((300, 870, 2240, 3300), 0.120, _mouth(3.5, 1.1, 4.4, 0.0, 0.7)),
    "er": ((490, 1350, 1690, 3300), 0.120, _mouth(5.5, 1.6, 2.0, 0.0, 0.6)),
    "ax": ((500, 1400, 2400, 3400), 0.060, _mouth(5.5, 1.5, 0.0, 0.3, 0.3)),
}

#: Diphthong -> where it starts, where it ends, seconds.
_DIPHTHONGS = {
    "ey": ("eh", "iy", 0.150),
    "ay": ("aa", "iy", 0.175),
    "ow": ("ao", "uw", 0.160),
    "aw": ("ae", "uw", 0.185),
    "oy": ("ao", "iy", 0.185),
}

_LABIAL = {"open": 150.0, "press": 150.0, "upper": 10.0, "round": 0.3, "wide": 0.5, "tongue": 0.05}
_DENTAL_LIP = {"open": 25.0, "press": 25.0, "upper": 12.0, "round": 0.3, "tongue": 0.1}
_TONGUE_TIP = {"open": 2.5, "round": 0.15, "wide": 0.3, "press": 1.0, "tongue": 12.0}
_SIBILANT = {"open": 6.0, "round": 0.3, "wide": 1.0, "press": 1.0, "tongue": 12.0}
_PALATAL = {"open": 5.0, "round": 4.0, "wide": 0.5, "press": 1.0, "tongue": 12.0}
_DORSAL = {"open": 0.6, "round": 0.1, "wide": 0.15, "press": 0.3, "tongue": 6.0}

_CLOSED = {"jaw": 0.0, "AU25": 0.0, "AU24": 2.4, "AU23": 0.6}
_LIP_TEETH = {"jaw": 1.5, "AU25": 0.9, "AU17": 2.2, "AU10": 1.3}
_TIP_UP = {"jaw": 3.8, "AU25": 1.3, "tongue": 1.0, "AU20": 0.3}
_TEETH = {"jaw": 1.8, "AU25": 1.7, "AU20": 0.9, "tongue": 0.9}
_PUSHED = {"jaw": 2.6, "AU25": 1.6, "AU18": 1.6, "AU22": 2.6, "tongue": 0.9}
_BACK_UP = {"jaw": 4.6, "AU25": 1.4, "tongue": 0.8}

_P_NOISE = ((800.0, 700.0, 1.0), (1800.0, 1500.0, 0.5))
_T_NOISE = ((4200.0, 1200.0, 1.0), (6200.0, 1800.0, 0.7))
_K_NOISE = ((1900.0, 500.0, 1.0), (4200.0, 1500.0, 0.25))
_S_NOISE = ((5200.0, 900.0, 1.0), (6900.0, 1200.0, 0.9))
_SH_NOISE = ((2600.0, 500.0, 1.0), (4300.0, 1200.0, 0.5))
_F_NOISE = ((1600.0, 2500.0, 0.4), (7000.0, 2500.0, 1.0))
_TH_NOISE = ((6000.0, 3000.0, 1.0), (1500.0, 2500.0, 0.35))


_voiceless_stop = partial(
    Phoneme, kind="stop", duration=0.115, aspiration=0.7, frication=0.09, closure=0.6
)
_voiced_stop = partial(
    Phoneme, kind="stop", duration=0.085, voicing=0.16, frication=0.05, closure=0.8
)
_nasal = partial(Phoneme, kind="nasal", duration=0.085, voicing=0.6, nasality=1.0)
_approximant = partial(Phoneme, kind="approximant", voicing=0.75)


def _fricative(
    symbol: str,
    voicing: float,
    level: float,
    formants: Formants,
    noise: Noise,
    viseme: Levels,
    dominance: Levels,
) -> Phoneme:
    return Phoneme(
        symbol,
        "fricative",
        0.085 if voicing else 0.110,
        formants,
        voicing=voicing,
        frication=level,
        noise=noise,
        viseme=viseme,
        dominance=dominance,
    )


_ALVEOLAR = (300, 1750, 2650, 3500)
_BILABIAL = (250, 950, 2200, 3300)
_VELAR = (280, 1900, 2350, 3400)

_CONSONANTS = (
    _voiceless_stop("p", formants=_BILABIAL, noise=_P_NOISE, viseme=_CLOSED, dominance=_LABIAL),
    _voiced_stop("b", formants=_BILABIAL, noise=_P_NOISE, viseme=_CLOSED, dominance=_LABIAL),
    _voiceless_stop("t", formants=_ALVEOLAR, noise=_T_NOISE, viseme=_TIP_UP, dominance=_TONGUE_TIP),
    _voiced_stop("d", formants=_ALVEOLAR, noise=_T_NOISE, viseme=_TIP_UP, dominance=_TONGUE_TIP),
    _voiceless_stop("k", formants=_VELAR, noise=_K_NOISE, viseme=_BACK_UP, dominance=_DORSAL),
    _voiced_stop("g", formants=_VELAR, noise=_K_NOISE, viseme=_BACK_UP, dominance=_DORSAL),
    _nasal("m", formants=(250, 1000, 2200, 3300), viseme=_CLOSED, dominance=_LABIAL),
    _nasal("n", formants=(280, 1650, 2600, 3500), viseme=_TIP_UP, dominance=_TONGUE_TIP),
    _nasal("ng", formants=(280, 2000, 2500, 3400), viseme=_BACK_UP, dominance=_DORSAL),
    _fricative("f", 0.0, 0.022, (340, 1100, 2080, 3300), _F_NOISE, _LIP_TEETH, _DENTAL_LIP),
    _fricative("v", 0.35, 0.012, (300, 1100, 2080, 3300), _F_NOISE, _LIP_TEETH, _DENTAL_LIP),
    _fricative("th", 0.0, 0.016, (320, 1290, 2540, 3500), _TH_NOISE, _TIP_UP, _TONGUE_TIP),
    _fricative("dh", 0.40, 0.010, (290, 1290, 2540, 3500), _TH_NOISE, _TIP_UP, _TONGUE_TIP),
    _fricative("s", 0.0, 0.060, (320, 1600, 2530, 3500), _S_NOISE, _TEETH, _SIBILANT),
    _fricative("z", 0.30, 0.035, (280, 1600, 2530, 3500), _S_NOISE, _TEETH, _SIBILANT),
    _fricative("sh", 0.0, 0.060, (300, 1840, 2750, 3400), _SH_NOISE, _PUSHED, _PALATAL),
    _fricative("zh", 0.30, 0.035, (280, 1840, 2750, 3400), _SH_NOISE, _PUSHED, _PALATAL),
    Phoneme(
        "ch",
        "affricate",
        0.140,
        formants=_ALVEOLAR,
        frication=0.065,
        noise=_SH_NOISE,
        closure=0.45,
        viseme=_PUSHED,
        dominance=_PALATAL,
    ),
    Phoneme(
        "jh",
        "affricate",
        0.120,
        formants=_ALVEOLAR,
        voicing=0.16,
        frication=0.045,
        noise=_SH_NOISE,
        closure=0.5,
        viseme=_PUSHED,
        dominance=_PALATAL,
    ),
    Phoneme(
        "hh",
        "aspirate",
        0.070,
        aspiration=0.8,
        viseme=_mouth(6.0, 1.6),
        dominance=dict.fromkeys(CHANNELS, 0.1),
    ),
    _approximant(
        "w",
        duration=0.075,
        formants=(290, 640, 2150, 3300),
        viseme=_mouth(2.5, 0.9, 4.8, 0.0, 0.6),
        dominance={"open": 6.0, "round": 8.0, "wide": 3.0},
    ),
    _approximant(
        "y",
        duration=0.070,
        formants=(260, 2250, 3000, 3500),
        viseme=_mouth(3.0, 1.4, 0.0, 1.5, 0.9),
        dominance={"open": 2.0, "round": 0.5, "wide": 2.0, "tongue": 6.0},
    ),
    _approximant(
        "r",
        duration=0.075,
        formants=(330, 1150, 1450, 3200),
        viseme=_mouth(4.0, 1.4, 2.4, 0.0, 0.7),
        dominance={"open": 2.0, "round": 2.5, "wide": 1.0, "tongue": 6.0},
    ),
    _approximant(
        "l",
        duration=0.075,
        formants=(360, 1100, 2700, 3500),
        viseme=_mouth(5.5, 1.7, 0.0, 0.3, 1.0),
        dominance={"open": 1.2, "round": 0.3, "wide": 0.5, "tongue": 12.0},
    ),
)

SILENCE = Phoneme(
    "sil", "silence", 0.2, viseme={"tongue": 0.1}, dominance=dict.fromkeys(CHANNELS, 1.0)
)


def _table() -> dict[str, Phoneme]:
    table = {SILENCE.symbol: SILENCE}
    for symbol, (formants, duration, viseme) in _VOWELS.items():
        table[symbol] = Phoneme(
            symbol, "vowel", duration, formants=formants, voicing=1.0, viseme=viseme
        )
    for symbol, (first, last, duration) in _DIPHTHONGS.items():
        table[symbol] = Phoneme(
            symbol,
            "vowel",
            duration,
            formants=_VOWELS[first][0],
            glide_to=_VOWELS[last][0],
            voicing=1.0,
            viseme=_VOWELS[first][2],
            viseme_to=_VOWELS[last][2],
        )
    table.update({p.symbol: p for p in _CONSONANTS})
    return table


#: All phonemes by symbol (ARPAbet names), silence included.
PHONEMES: Mapping[str, Phoneme] = _table()

VOWELS = tuple(s for s, p in PHONEMES.items() if p.kind == "vowel")
CONSONANTS = tuple(p.symbol for p in _CONSONANTS)

__all__ = ["CHANNELS", "CONSONANTS", "PHONEMES", "SILENCE", "VOWELS", "Phoneme"]
