"""The training itself, and the figures of people that it has not seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from harness.contracts import EMOTIONS, Progress
from harness.media.sound_variants import disturbed, faster
from methods.speech.mel import SAMPLE_RATE
from methods.ua3dtalk.priors.config import EMOTION_SIZE, PriorConfig
from methods.ua3dtalk.priors.emotion.coattention import CoAttention
from methods.ua3dtalk.priors.emotion.features import Levels, SpeechInputs, speech_inputs
from methods.ua3dtalk.priors.emotion.model import EmotionModel, evaluated_frames, stack_windows
from methods.ua3dtalk.priors.emotion.pretraining.speech import LabelledSpeech
from methods.ua3dtalk.priors.emotion.train import masked
from methods.ua3dtalk.priors.emotion.waveform import build_encoder

STEPS, BATCH, RATE_OF_LEARNING, WEIGHT_DECAY, SMOOTHING = 3000, 16, 1e-3, 2e-2, 0.1

#: Steps after which one piece of sound is seen under other conditions, and its seconds.
_REFRESH = 2
_PIECE = 20.0
#: Logarithm of the speed of a variant, and decibels by which its loudest moment may have been missed.
_SPEED, _MISSED = 0.06, 6.0
_STRIDE = 5


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

    def refresh(self, rng: np.random.Generator) -> None:
        """See one piece in another place, at another speed and level."""
        piece = int(rng.integers(len(self.pieces)))
        sound, labels, fps, levels = self.pieces[piece]
        speed = float(np.exp(rng.uniform(-_SPEED, _SPEED)))
        count = max(1, round(len(labels) / speed))
        places = np.minimum((np.arange(count) * speed).astype(int), len(labels) - 1)
        missed = rng.uniform(-_MISSED, _MISSED)
        heard = Levels(levels.spectrum_db + missed, levels.mel_db + missed)
        sound = disturbed(faster(sound, speed), rng)
        self.inputs[piece] = speech_inputs([sound], fps, [count], heard)[0]
        found = _by_emotion(labels[places])
        if found.keys() == self.frames[piece].keys():
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


def pretrain(
    speech: Sequence[LabelledSpeech],
    config: PriorConfig,
    seed: int,
    steps: int,
    device: torch.device,
    progress: Progress,
    augment: bool = True,
) -> CoAttention:
    """Train on the speech of several people.

    The feature alone has to tell emotions apart too, through a readout that is thrown away: it is
    all that the fields of a face receive, and the classifier can do without it.

    Args:
        speech: of each person; persons and their emotions are drawn evenly.
        config: sizes.
        seed: decides every draw.
        steps: of AdamW on a one-cycle schedule.
        device: where to train.
        progress: called with stage `emotion`.
        augment: show other speeds, levels, rooms, microphones and noises.

    """
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    net = CoAttention(config, build_encoder(config.waveform, config.waveform_width)[0]).to(device)
    readout = nn.Linear(EMOTION_SIZE, len(EMOTIONS)).to(device)
    weights = [p for p in (*net.parameters(), *readout.parameters()) if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, RATE_OF_LEARNING, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE_OF_LEARNING, total_steps=steps)
    pool = Pool(speech)
    net.train()
    for step in range(steps):
        if augment and step % _REFRESH == 0:
            pool.refresh(rng)
        drawn = [pool.draw(rng) for _ in range(BATCH)]
        columns = zip(*(window for window, _ in drawn), strict=True)
        batch = [torch.from_numpy(np.stack(column)).to(device) for column in columns]
        labels = torch.tensor([label for _, label in drawn], device=device)
        output = net(*masked(*batch))
        loss = F.cross_entropy(output.logits, labels, label_smoothing=SMOOTHING)
        read = F.cross_entropy(readout(output.feature), labels, label_smoothing=SMOOTHING)
        optimizer.zero_grad(set_to_none=True)
        (loss + read).backward()
        optimizer.step()
        schedule.step()
        if step % 20 == 0 or step + 1 == steps:
            progress("emotion", step + 1, steps, loss=loss.item(), feature=read.item())
    net.readout = readout
    return net.eval()


@torch.inference_mode()
def confusion(
    net: CoAttention, speech: LabelledSpeech, whole: bool = False
) -> np.ndarray:
    """How often each emotion of a person is taken for which, int64 [8,8], true ones in rows.

    Args:
        net: the network.
        speech: of one person.
        whole: count whole sounds, by the mean of their windows' scores, not single windows.

    """
    net.eval()
    found = np.zeros((len(EMOTIONS), len(EMOTIONS)), np.int64)
    counts = [len(each) for each in speech.labels]
    inputs = speech_inputs(speech.sounds, speech.fps, counts)
    model = EmotionModel(net, inputs[0].levels, 1.0, PriorConfig())
    for own, labels in zip(inputs, speech.labels, strict=True):
        frames = evaluated_frames(len(labels), _STRIDE)
        scores = torch.cat([o.logits for o in model.outputs(own.window, frames)]).log_softmax(1)
        if whole:
            found[labels[0], int(scores.mean(0).argmax())] += 1
        else:
            np.add.at(found, (labels[frames], scores.argmax(1).cpu().numpy()), 1)
    return found


def accuracy(table: np.ndarray) -> float:
    """Share on the diagonal of a confusion table."""
    return float(np.trace(table) / max(table.sum(), 1))
