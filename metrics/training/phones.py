"""Emo-DB for the viseme network: mouth shapes by its phone labels, and variants of its speech.

The utterances and labels are CC0. A label file (`*.lablaut`, in xlabel's format) has a line for
each segment: its end in seconds, and its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.lipsync.visemes import RATE, bands
from harness.media.audio import read_audio
from harness.media.sound_variants import disturbed, faster

#: Mouth shape -> labels of Emo-DB, after their diacritics are taken off.
PHONES = {
    "silence": ". (",
    "p b m": "p b m B",
    "f v": "f v V",
    "s z": "s z",
    "sh": "S Z",
    "t d n l": "t d n l L D nn",
    "k g ng": "k g N x X R G 4 h H ? NN",
    "ee": "i I j C i6 I6 ia i@ I@",
    "eh": "e E @ 6 E6 e@ @6 9 2",
    "ah": "a aI aU a6 aO AO AU ao",
    "oh": "o O OY",
    "oo": "u U y Y",
}
SHAPES = {label: index for index, labels in enumerate(PHONES.values()) for label in labels.split()}

#: Speakers of the card's figures.
HELD_OUT = ("08", "15")

#: By how much faster an utterance may be, at least and at most.
_SPEED = (0.85, 1.2)


@dataclass(frozen=True)
class Utterance:
    """A labelled sentence.

    Attributes:
        name: of its file; the first two letters are the speaker's.
        audio: float32 [S] at 16 kHz.
        labels: its label file.

    """

    name: str
    audio: np.ndarray
    labels: Path

    @property
    def held_out(self) -> bool:
        """Whether its speaker is not trained on."""
        return self.name[:2] in HELD_OUT


#: What a network sees of an utterance, float32 [N,32], and the mouth shapes, int64 [N].
Example = tuple[np.ndarray, np.ndarray]


def shape_of(label: str, before: int | None) -> int | None:
    """The mouth shape of a label; one that only says how goes on with the shape before it."""
    name = re.sub(r"^[!_]", "", label)
    name = re.sub(r"^([ptkbdg])asp$", r"\1", name)
    return SHAPES.get(name, before)


def targets(path: Path, count: int, speed: float = 1.0) -> np.ndarray:
    """The mouth shape of each column of 10 ms, int64 [count]; -1 where the label is unknown.

    Args:
        path: label file.
        count: columns.
        speed: of the sound that has these columns, against the labelled one.

    """
    lines = path.read_text("latin-1").splitlines()
    found: np.ndarray = np.full(count, -1, np.int64)
    start, shape = 0, None
    for line in lines[lines.index("#") + 1 :]:
        time, _, *rest = line.split(maxsplit=2)
        label = rest[0].split()[0] if rest else ""
        shape = shape_of(label, shape)
        stop = round(float(time) / speed * RATE)
        if shape is not None:
            found[start:stop] = shape
        start = stop
    return found


def utterances(speech: Path, labels: Path) -> list[Utterance]:
    """Every labelled utterance, in the order of their label files.

    Where there are two, the one with `xx` in its name holds the labels; the other is empty.
    """
    files = {path.stem.removesuffix("xx"): path for path in sorted(labels.glob("*.lablaut"))}
    return [
        Utterance(name, read_audio(speech / f"{name}.wav"), path)
        for name, path in files.items()
        if (speech / f"{name}.wav").is_file()
    ]


def plain(utterance: Utterance) -> Example:
    """What a network sees of an utterance as it is."""
    seen = bands(utterance.audio)
    return seen, targets(utterance.labels, len(seen))


def varied(utterance: Utterance, rng: np.random.Generator, quicken: bool = True) -> Example:
    """An utterance in another room, through another channel, in noise, at another speed.

    Args:
        utterance: as it was recorded.
        rng: decides how.
        quicken: whether the speed may differ, and pitch and formants with it.

    """
    speed = float(np.exp(rng.uniform(*np.log(_SPEED)))) if quicken else 1.0
    audio = faster(utterance.audio, speed) if quicken else utterance.audio
    seen = bands(disturbed(audio, rng))
    return seen, targets(utterance.labels, len(seen), speed)


def pool(data: Iterable[Utterance], variants: int, seed: int) -> list[Example]:
    """Each utterance as it is and in some variants, made once so that steps are cheap."""
    rng = np.random.default_rng(seed)
    return [
        example
        for utterance in data
        for example in (plain(utterance), *(varied(utterance, rng) for _ in range(variants)))
    ]
