"""Labelled speech that emotion experts learn from: synthetic subjects, Emo-DB, or a lab's own."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness import contracts
from harness.contracts import EMOTIONS, BadInput
from harness.media.audio import read_audio
from methods.speech.mel import SAMPLE_RATE

#: Letters of Emo-DB's file names. Boredom (L) has no class among the eight of MEAD and is left
#: out: as "neutral" it would teach that slow, dull speech shows no emotion.
LETTERS = {"W": "angry", "E": "disgusted", "A": "fear", "F": "happy", "T": "sad", "N": "neutral"}

#: Frames a second of Emo-DB's labels, which last for a whole utterance.
RATE = 25

#: Seconds of silence between two utterances that are put one after the other, at most.
_GAP = 1.5


@dataclass(frozen=True)
class LabelledSpeech:
    """What one person says, and with which emotion.

    Attributes:
        subject: who.
        sounds: float32 [S] in [-1,1] at 16 kHz each.
        labels: int64 [T] into `EMOTIONS` of each, at `fps`.
        fps: frames a second.

    """

    subject: str
    sounds: tuple[np.ndarray, ...]
    labels: tuple[np.ndarray, ...]
    fps: float


def synthetic(performances: str, count: int, seed: int, frames: int) -> list[LabelledSpeech]:
    """Synthetic subjects, each through all eight emotions.

    Args:
        performances: `module:function` that performs, so that methods do not depend on splits.
        count: subjects.
        seed: other subjects for another seed.
        frames: of each subject.

    """
    module, _, function = performances.partition(":")
    perform = getattr(importlib.import_module(module), function)
    return [
        LabelledSpeech(one.subject, (one.audio,), (one.labels,), one.fps)
        for one in perform(count, seed, frames, float(RATE))
    ]


def emodb(folder: Path) -> list[LabelledSpeech]:
    """The utterances of each of Emo-DB's speakers that show one of our emotions.

    Raises:
        BadInput: the folder has no such files.

    """
    found: dict[str, list[tuple[np.ndarray, int]]] = {}
    for path in sorted(folder.glob("[01][0-9]*.wav")):
        if path.stem[5:6] in LETTERS:
            label = EMOTIONS.index(LETTERS[path.stem[5]])
            found.setdefault(path.stem[:2], []).append((read_audio(path), label))
    if not found:
        raise BadInput(folder, "it holds no file of Emo-DB", "Name the folder of its WAV files.")
    return [
        LabelledSpeech(
            speaker,
            tuple(sound for sound, _ in said),
            tuple(_lasting(sound, label) for sound, label in said),
            RATE,
        )
        for speaker, said in found.items()
    ]


def of_sequences(sequences: Iterable[contracts.Sequence]) -> list[LabelledSpeech]:
    """The speech of sequences with the signal `emotion`, by subject.

    Raises:
        BadInput: labels and frames differ in number, or nobody shows a second emotion.

    """
    found: dict[str, list[contracts.Sequence]] = {}
    for one in sequences:
        labels = one.signal("emotion").labels
        if len(labels) != len(one.frames):
            fact = f"it has {len(labels)} emotion labels and {len(one.frames)} frames"
            raise BadInput(one.id, fact, "Give one label for each frame.")
        found.setdefault(one.subject, []).append(one)
    shown = {int(label) for own in found.values() for one in own for label in _labels(one)}
    if len(shown) < 2:
        names = ", ".join(EMOTIONS[label] for label in sorted(shown))
        fact = f"{', '.join(found)} show one emotion alone ({names})"
        raise BadInput("--split", fact, "Name splits whose subjects show several emotions.")
    return [
        LabelledSpeech(
            subject, tuple(one.audio for one in own), tuple(map(_labels, own)), own[0].fps
        )
        for subject, own in found.items()
    ]


def _labels(sequence: contracts.Sequence) -> np.ndarray:
    return np.asarray(sequence.signal("emotion").labels, np.int64)


def continuous(speech: LabelledSpeech, rng: np.random.Generator) -> LabelledSpeech:
    """Utterances one after the other, emotion by emotion, in an order of its own.

    A network that is used on continuous speech should not learn the silence around an utterance.
    """
    order = sorted(
        rng.permutation(len(speech.sounds)).tolist(), key=lambda i: int(speech.labels[i][0])
    )
    sounds, labels = [], []
    for i in order:
        label = int(speech.labels[i][0])
        gap = np.zeros(int(rng.integers(int(_GAP * SAMPLE_RATE))), np.float32)
        sounds += [speech.sounds[i], gap]
        labels += [label] * (len(speech.sounds[i]) + len(gap))
    step = round(SAMPLE_RATE / speech.fps)
    track = np.array(labels[step // 2 :: step], np.int64)
    return LabelledSpeech(speech.subject, (np.concatenate(sounds),), (track,), speech.fps)


def split_people(
    speech: Sequence[LabelledSpeech], held: Sequence[str]
) -> tuple[list[LabelledSpeech], list[LabelledSpeech]]:
    """Those to learn from, and those held out, by name."""
    return (
        [one for one in speech if one.subject not in held],
        [one for one in speech if one.subject in held],
    )


def _lasting(sound: np.ndarray, label: int) -> np.ndarray:
    return np.full(max(1, len(sound) * RATE // SAMPLE_RATE), label, np.int64)
