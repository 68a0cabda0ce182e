"""The training itself, and the figures of people that it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from harness.contracts import EMOTIONS, Progress
from harness.media.sound_variants import disturbed, faster
from methods.ua3dtalk.priors.config import EMOTION_SIZE, PriorConfig
from methods.ua3dtalk.priors.emotion.coattention import CoAttention
from methods.ua3dtalk.priors.emotion.features import Levels, SpeechInputs, speech_inputs
from methods.ua3dtalk.priors.emotion.model import EmotionModel, evaluated_frames, stack_windows
from methods.ua3dtalk.priors.emotion.pretraining.speech import LabelledSpeech
from methods.ua3dtalk.priors.emotion.train import masked
from methods.ua3dtalk.priors.emotion.waveform import build_encoder

STEPS, BATCH, RATE_OF_LEARNING, WEIGHT_DECAY, SMOOTHING = 3000, 16, 1e-3, 2e-2, 0.1

#: Steps after which one person is seen under other conditions.
_REFRESH = 8
#: Speed of a variant, and decibels by which its loudest moment may have been missed.
_SPEED, _MISSED = 0.06, 6.0
_STRIDE = 5


@dataclass(frozen=True)
class Variant:
    """One person's speech under some conditions: inputs, and frames by emotion."""

    inputs: list[SpeechInputs]
    frames: dict[int, np.ndarray]  # emotion -> int64 [N,2]: sound and frame


def variant(speech: LabelledSpeech, rng: np.random.Generator | None) -> Variant:
    """Someone's speech as it is (no generator), or at another speed, level and place."""
    speed = 1.0 if rng is None else float(np.exp(rng.uniform(-_SPEED, _SPEED)))
    sounds = list(speech.sounds)
    if rng is not None:
        sounds = [disturbed(faster(sound, speed), rng) for sound in sounds]
    counts = [max(1, round(len(each) / speed)) for each in speech.labels]
    places = [
        np.minimum((np.arange(n) * speed).astype(int), len(each) - 1)
        for n, each in zip(counts, speech.labels, strict=True)
    ]
    labels = [each[p] for each, p in zip(speech.labels, places, strict=True)]
    inputs = speech_inputs(sounds, speech.fps, counts)
    if rng is not None:
        loudest, missed = inputs[0].levels, rng.uniform(0, _MISSED)
        levels = Levels(loudest.spectrum_db + missed, loudest.mel_db + missed)
        inputs = speech_inputs(sounds, speech.fps, counts, levels)
    pairs = np.concatenate(
        [np.stack([np.full(n, k), np.arange(n)], 1) for k, n in enumerate(counts)]
    )
    every = np.concatenate(labels)
    return Variant(inputs, {int(e): pairs[every == e] for e in np.unique(every)})


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
    people = [variant(one, None) for one in speech]
    net.train()
    for step in range(steps):
        if augment and step % _REFRESH == 0:
            who = int(rng.integers(len(people)))
            people[who] = variant(speech[who], rng)
        drawn = [draw(people[int(rng.integers(len(people)))], rng) for _ in range(BATCH)]
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


def draw(
    person: Variant, rng: np.random.Generator
) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], int]:
    """A window of a person, and its emotion, every emotion as often as any other."""
    emotions = list(person.frames)
    label = emotions[int(rng.integers(len(emotions)))]
    sound, frame = person.frames[label][int(rng.integers(len(person.frames[label])))]
    return person.inputs[sound].window(int(frame)), label


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
