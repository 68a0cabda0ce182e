"""What the synthetic subject says: pseudo-words of English-like syllables, by seed.

The phonotactics are those of English in outline (onset clusters, codas, one stressed
syllable a word), so every phoneme meets many neighbours, and no sentence is said twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from splits.synthetic.phonemes import PHONEMES, VOWELS

_ONSETS = (
    "p", "b", "t", "d", "k", "g", "m", "n", "f", "v", "s", "z", "w", "r", "l", "y", "hh",
    "th", "dh", "sh", "ch", "jh",
    "p r", "p l", "b r", "b l", "t r", "d r", "k r", "k l", "k w", "g r", "f l", "f r",
    "s t", "s p", "s k", "s l", "s m", "s w", "s t r",
)  # fmt: skip
_CODAS = (
    "p", "b", "t", "d", "k", "g", "m", "n", "ng", "f", "v", "s", "z", "l", "r",
    "th", "sh", "zh", "ch", "jh",
    "n t", "n d", "m p", "s t", "l d", "k s", "n z",
)  # fmt: skip
_FULL = tuple(v for v in VOWELS if v != "ax")
_WEAK = ("ax", "ih", "er", "uh", "iy")


@dataclass(frozen=True)
class Phone:
    """A phoneme in its place: whose syllable, how stressed (0, 1), and whether words end here."""

    symbol: str
    syllable: int
    stress: int = 0
    word_end: bool = False
    phrase_end: bool = False


@dataclass(frozen=True)
class Segment:
    """A phone on the clock; times in seconds from the start of the sequence."""

    symbol: str
    start: float
    end: float
    stress: int = 0
    syllable: int = -1
    block: int = 0

    @property
    def closure(self) -> tuple[float, float]:
        """The interval in which the tract is shut; the whole segment where nothing shuts it."""
        share = PHONEMES[self.symbol].closure or 1.0
        return self.start, self.start + share * (self.end - self.start)


class Voicebox:
    """Chooses sounds by chance, favouring those said least so far.

    A sequence of half a minute has some three hundred sounds; drawn independently, a
    rare one would hardly be heard, and what is not heard cannot be learned.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.said: Counter[str] = Counter()

    def _worn(self, symbol: str) -> float:
        # What is seen most clearly may be said more often: lips that meet, lips on teeth.
        return self.said[symbol] * (0.6 if symbol in ("p", "b", "m", "f", "v", "w") else 1.0)

    def pick(self, options: Sequence[str]) -> list[str]:
        """One of the options, each a sound or a cluster of sounds separated by spaces."""
        clusters = [option.split() for option in options]
        # A cluster is as welcome as its most worn sound, and less than a single one.
        worn = np.array([max(self._worn(s) for s in cluster) for cluster in clusters])
        weights = np.array([1.0 if len(c) == 1 else 0.35 for c in clusters])
        weights = weights / (1.0 + worn - worn.min()) ** 1.5
        chosen = clusters[self.rng.choice(len(options), p=weights / weights.sum())]
        self.said.update(chosen)
        return chosen


def _syllable(voicebox: Voicebox, index: int, stressed: bool, first: bool) -> list[Phone]:
    rng = voicebox.rng
    onset = voicebox.pick(_ONSETS) if first or rng.random() < 0.85 else []
    nucleus = voicebox.pick(_FULL if stressed or rng.random() < 0.25 else _WEAK)
    coda = voicebox.pick(_CODAS) if rng.random() < (0.45 if stressed else 0.3) else []
    return [Phone(s, index, int(stressed)) for s in (*onset, *nucleus, *coda)]


def _word(voicebox: Voicebox, first_syllable: int) -> list[Phone]:
    rng = voicebox.rng
    count = int(rng.choice((1, 2, 3), p=(0.4, 0.42, 0.18)))
    stressed = int(rng.integers(count))
    phones: list[Phone] = []
    for i in range(count):
        phones += _syllable(voicebox, first_syllable + i, i == stressed, first=i == 0)
    # A doubled consonant across a syllable boundary is one longer sound: drop the second.
    kept = [p for i, p in enumerate(phones) if i == 0 or p.symbol != phones[i - 1].symbol]
    return [*kept[:-1], replace(kept[-1], word_end=True)]


def natural_duration(phones: list[Phone]) -> np.ndarray:
    """Seconds of each phone at a neutral rate, float64 [P].

    Stress lengthens and its absence shortens vowels; the last syllable before a pause is
    drawn out; consonants in clusters are shortened.
    """
    seconds = np.array([PHONEMES[p.symbol].duration for p in phones])
    last = phones[-1].syllable
    for i, phone in enumerate(phones):
        vowel = PHONEMES[phone.symbol].kind == "vowel"
        if vowel:
            seconds[i] *= 1.25 if phone.stress else 0.9
        elif i and PHONEMES[phones[i - 1].symbol].kind not in ("vowel", "silence"):
            seconds[i] *= 0.85
        if phone.phrase_end or phone.syllable == last:
            seconds[i] *= 1.25 if vowel else 1.1
    return seconds


def utterance(voicebox: Voicebox, seconds: float) -> list[Phone]:
    """Pseudo-words that last about `seconds` at a neutral rate, with short pauses between phrases.

    Args:
        voicebox: the only source of chance; remembers what was said before.
        seconds: wanted duration; the words end within about half a word of it.

    """
    phones: list[Phone] = []
    spoken, since_pause = 0.0, 0
    while True:
        word = _word(voicebox, phones[-1].syllable + 1 if phones else 0)
        added = float(natural_duration(word).sum())
        if phones and spoken + 0.5 * added > seconds:
            break
        phones += word
        spoken = float(natural_duration(phones).sum())
        since_pause += 1
        if since_pause >= 4 and spoken + 0.6 < seconds and voicebox.rng.random() < 0.5:
            phones[-1] = replace(phones[-1], phrase_end=True)
            phones.append(Phone("sil", phones[-1].syllable))
            since_pause = 0
    return phones


__all__ = ["Phone", "Segment", "Voicebox", "natural_duration", "utterance"]
