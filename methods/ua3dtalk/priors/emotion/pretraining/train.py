"""The training itself, and the figures of people that it has not seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from harness.contracts import EMOTIONS, Progress
from methods.ua3dtalk.priors.config import EMOTION_SIZE, PriorConfig
from methods.ua3dtalk.priors.emotion.coattention import CoAttention
from methods.ua3dtalk.priors.emotion.features import speech_inputs
from methods.ua3dtalk.priors.emotion.model import EmotionModel, evaluated_frames
from methods.ua3dtalk.priors.emotion.pretraining.pool import CLEAN, Pool, Variation
from methods.ua3dtalk.priors.emotion.pretraining.speech import LabelledSpeech
from methods.ua3dtalk.priors.emotion.train import masked
from methods.ua3dtalk.priors.emotion.waveform import build_encoder

STEPS, BATCH, RATE_OF_LEARNING, WEIGHT_DECAY, SMOOTHING = 2500, 16, 3e-3, 2e-2, 0.1

#: Steps after which one piece of sound is seen under other conditions.
_REFRESH = 4
#: Frames between two windows that are tried.
_STRIDE = 5


def pretrain(
    speech: Sequence[LabelledSpeech],
    config: PriorConfig,
    seed: int,
    steps: int,
    device: torch.device,
    progress: Progress,
    conditions: Variation,
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
        conditions: under which it is seen.

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
        if conditions != CLEAN and step % _REFRESH == 0:
            pool.refresh(conditions, rng)
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
    return net.eval()


@torch.inference_mode()
def confusion(net: CoAttention, speech: LabelledSpeech, whole: bool = False) -> np.ndarray:
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
