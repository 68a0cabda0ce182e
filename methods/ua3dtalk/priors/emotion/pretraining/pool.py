"""Windows of speech to learn from, under changing conditions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from harness.media.sound_variants import disturbed, faster
from methods.speech.mel import SAMPLE_RATE
from methods.ua3dtalk.priors.emotion.features import Levels, SpeechInputs, speech_inputs
from methods.ua3dtalk.priors.emotion.pretraining.speech import LabelledSpeech

#: Seconds of a piece of sound, which is seen under one condition at a time.
_PIECE = 20.0


@dataclass(frozen=True)
class Variation:
    """Under how different conditions speech is seen.

    Attributes:
        often: probability of a room, of another microphone, of a narrow band and of noise.
        speed: largest natural logarithm of another speed.
        missed: decibels by which the loudest moment may differ from that of the person.

    """

    often: float
    speed: float
    missed: float


#: As it is: every synthetic voice is made under one condition.
CLEAN = Variation(0.0, 0.0, 0.0)
STUDIO = Variation(0.5, 0.05, 2.0)


class Pool:
    """Windows of several people, each drawn as often as any other, and so each of their emotions.

    Sounds are kept in pieces, which are seen under other conditions one after the other.

    Args:
        speech: of each person.

    """

    def __init__(self, speech: Sequence[LabelledSpeech]) -> None:
        self.pieces: list[tuple[np.ndarray, np.ndarray, float, Levels]] = []
        self.inputs: list[SpeechInputs] = []
        self.frames: list[dict[int, np.ndarray]] = []
        # Of each person and emotion: the pieces that have it, and their shares of its frames.
        self.people: list[dict[int, tuple[np.ndarray, np.ndarray]]] = []
        for person in speech:
            counts = [len(each) for each in person.labels]
            levels = speech_inputs(person.sounds, person.fps, counts)[0].levels
            first = len(self.pieces)
            for sound, labels in zip(person.sounds, person.labels, strict=True):
                for own, part in _cut(sound, labels, person.fps):
                    self.pieces.append((own, part, person.fps, levels))
                    self.inputs.append(speech_inputs([own], person.fps, [len(part)], levels)[0])
                    self.frames.append(_by_emotion(part))
            mine = range(first, len(self.pieces))
            emotions = sorted({label for k in mine for label in self.frames[k]})
            self.people.append({label: self._shares(mine, label) for label in emotions})

    def _shares(self, pieces: range, label: int) -> tuple[np.ndarray, np.ndarray]:
        having = np.array([k for k in pieces if label in self.frames[k]])
        sizes = np.array([len(self.frames[k][label]) for k in having], np.float64)
        return having, sizes / sizes.sum()

    def draw(
        self, rng: np.random.Generator
    ) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], int]:
        """A window, and the emotion of its middle."""
        person = self.people[int(rng.integers(len(self.people)))]
        label = list(person)[int(rng.integers(len(person)))]
        piece = int(rng.choice(person[label][0], p=person[label][1]))
        frames = self.frames[piece][label]
        return self.inputs[piece].window(int(frames[int(rng.integers(len(frames)))])), label

    def refresh(self, under: Variation, rng: np.random.Generator) -> None:
        """See one piece in another place, at another speed and level."""
        piece = int(rng.integers(len(self.pieces)))
        sound, labels, fps, levels = self.pieces[piece]
        speed = float(np.exp(rng.uniform(-under.speed, under.speed)))
        count = max(1, round(len(labels) / speed))
        places = np.minimum((np.arange(count) * speed).astype(int), len(labels) - 1)
        missed = rng.uniform(-under.missed, under.missed)
        shifted = Levels(levels.spectrum_db + missed, levels.mel_db + missed)
        found = _by_emotion(labels[places])
        if found.keys() == self.frames[piece].keys():
            sound = disturbed(faster(sound, speed), rng, under.often)
            self.inputs[piece] = speech_inputs([sound], fps, [count], shifted)[0]
            self.frames[piece] = found


def _cut(
    sound: np.ndarray, labels: np.ndarray, fps: float
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """A sound and its labels in pieces of about `_PIECE` seconds."""
    parts = max(1, round(len(labels) / fps / _PIECE))
    for frames in np.array_split(np.arange(len(labels)), parts):
        first, last = (round(t * SAMPLE_RATE / fps) for t in (frames[0], frames[-1] + 1))
        yield sound[first:last], labels[frames]


def _by_emotion(labels: np.ndarray) -> dict[int, np.ndarray]:
    return {int(label): np.flatnonzero(labels == label) for label in np.unique(labels)}
