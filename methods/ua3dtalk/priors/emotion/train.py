"""Training of the speech-emotion network: cross-entropy and expression alignment.

UA-3DTalk Eq. 5: CE(emotion) + |f_emo - f_gt-emo|^2 with equal weights, where f_gt-emo is the
expression of the window's centre frame. The paper starts from a network trained on IEMOCAP; ours
starts from an expert (`expert.py`), or from random weights where there is none of its sizes.

An expert is fine-tuned beside a frozen copy of itself, whose scores it keeps the more, the fewer of
the eight emotions the person shows: on those that occur the labels know better than the expert, on
the others it alone knows anything, and cross-entropy over one class would erase that. Share of
windows right on another performance of three synthetic subjects, after fits to all eight emotions
and to one: from random weights 0.31 and 0.12, from the expert without keeping 0.70 and 0.40,
frozen 0.62 and 0.62, by this rule 0.70 and 0.62.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from harness.contracts import EMOTIONS, BadInput, Progress
from methods.ua3dtalk.priors.config import PriorConfig
from methods.ua3dtalk.priors.emotion.coattention import CoAttention, EmotionOutput
from methods.ua3dtalk.priors.emotion.expert import start_from
from methods.ua3dtalk.priors.emotion.features import HOP, SEGMENT, SPECTRUM_BINS, speech_inputs
from methods.ua3dtalk.priors.emotion.model import (
    EmotionModel,
    WindowOf,
    evaluated_frames,
    stack_windows,
)
from methods.ua3dtalk.priors.emotion.waveform import build_encoder
from methods.ua3dtalk.priors.folds import assign_folds
from methods.ua3dtalk.priors.target import prediction_errors
from methods.ua3dtalk.spans import Spans

_CHECKS = 6  # how often the held-out loss is looked at
_TRAIN_STRIDE = 5  # frames between windows that training draws from


def emotion_loss(
    logits: Tensor, aligned: Tensor, labels: Tensor | None, target: Tensor
) -> tuple[Tensor, Tensor]:
    """Cross-entropy and alignment error of a batch; the former is 0 without labels.

    Args:
        logits: [B,8].
        aligned: [B,64].
        labels: int64 [B], or None.
        target: [B,64], standardised expression.

    """
    alignment = torch.nn.functional.mse_loss(aligned, target)
    if labels is None:
        return torch.zeros_like(alignment), alignment
    return torch.nn.functional.cross_entropy(logits, labels), alignment


def fit_emotion(
    sounds: Sequence[np.ndarray],
    fps: float,
    spans: Spans,
    labels: np.ndarray | None,
    target: np.ndarray,
    config: PriorConfig,
    device: torch.device,
    progress: Progress,
    expert: Path | None = None,
) -> tuple[EmotionModel, np.ndarray, dict[str, Any]]:
    """Train on sequences, holding some blocks of them out to choose when to stop.

    One network serves all frames: its 128 numbers have no basis that networks of different
    folds could share. What keeps the features of training frames honest is the stop at the
    best held-out loss, beside masking, dropout and weight decay; the record states both errors.
    Windows of 3 s reach into the neighbouring blocks: the held-out figures flatter a little.

    Args:
        sounds: float32 [S] at 16 kHz of each sequence.
        fps: frames per second.
        spans: frames of each sequence.
        labels: int64 [T], index into EMOTIONS, or None: then alignment alone is trained.
        target: float32 [T,64], standardised expression.
        config: sizes and schedule.
        device: where to train.
        progress: called with stage `emotion`.
        expert: file of the expert to start from; None for random weights.

    Returns:
        The model, the features [T,128] of these sequences, and a record.

    """
    truth = torch.from_numpy(target).to(device)
    classes = _check_labels(labels, spans.count, device)
    inputs = speech_inputs(sounds, fps, spans.counts)
    encoder, described = build_encoder(config.waveform, config.waveform_width)
    network = CoAttention(config, encoder)
    start = "none" if expert is None else start_from(network, expert, config)
    model = EmotionModel(network.to(device), inputs[0].levels, 1.0, config)
    teacher = None if start.startswith("none") else copy.deepcopy(network).eval()

    def window(t: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        k, span = spans.locate(t)
        return inputs[k].window(t - span.start)

    frames = np.concatenate(
        [span.start + evaluated_frames(len(span), _TRAIN_STRIDE) for span in spans]
    )
    assigned = assign_folds(spans.counts, fps, config.folds, config.block_seconds)
    held_out = assigned[frames] == config.folds - 1
    train, check = frames[~held_out], frames[held_out]

    weights = [p for p in model.network.parameters() if p.requires_grad]
    rate = config.emotion_lr if teacher is None else config.emotion_tuning_lr
    fresh = [p for p in network.align.parameters() if p.requires_grad]
    known = [p for p in weights if not any(p is other for other in fresh)]
    groups = [{"params": known, "lr": rate}, {"params": fresh, "lr": config.emotion_lr}]
    optimizer = torch.optim.AdamW(groups, weight_decay=config.emotion_weight_decay)
    shown = 0 if classes is None else len(classes[torch.from_numpy(train).to(device)].unique())
    keeping = config.emotion_keeping * (1 - shown / len(EMOTIONS))
    every = max(1, config.emotion_steps // _CHECKS)
    best, kept, kept_step = np.inf, copy.deepcopy(model.network.trained_state()), 0
    for step in range(config.emotion_steps + 1):
        if step and (step % every == 0 or step == config.emotion_steps):
            figures = _evaluate(model, window, check, classes, truth)
            progress("emotion", step, config.emotion_steps, held_out=figures["loss"])
            if figures["loss"] < best:
                best, kept_step = figures["loss"], step
                kept = copy.deepcopy(model.network.trained_state())
        if step == config.emotion_steps:
            break
        model.network.train()
        drawn = train[torch.randint(len(train), (config.emotion_batch,)).numpy()]
        batch = [each.to(device) for each in stack_windows(window, drawn)]
        seen = masked(*batch)
        output = model.network(*seen)
        rows = torch.from_numpy(drawn).to(device)
        own = None if classes is None else classes[rows]
        cross_entropy, alignment = emotion_loss(output.logits, output.aligned, own, truth[rows])
        loss = cross_entropy + alignment
        if teacher is not None:
            loss = loss + keeping * kept_knowledge(output, teacher, seen)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.network.load_state_dict(kept, strict=False)

    parts = zip(sounds, spans.counts, strict=True)
    features = np.concatenate([model.features(audio, fps, count) for audio, count in parts])
    model.scale = float(np.sqrt(np.mean(features.astype(np.float64) ** 2))) or 1.0
    record = {
        "expert": start,
        "waveform": described,
        "loss": "alignment only: the sequences have no emotion labels"
        if classes is None
        else "cross-entropy + alignment",
        "stopped_at": kept_step,
        "held_out": _evaluate(model, window, check, classes, truth),
        "in_sample": _evaluate(model, window, train, classes, truth),
    }
    return model, features / np.float32(model.scale), record


def kept_knowledge(
    output: EmotionOutput, teacher: CoAttention, seen: tuple[Tensor, Tensor, Tensor]
) -> Tensor:
    """How far a batch's scores are from an expert's, as relative entropy."""
    with torch.no_grad():
        expected = teacher(*seen).logits.log_softmax(1)
    given = output.logits.log_softmax(1)
    return torch.nn.functional.kl_div(given, expected, reduction="batchmean", log_target=True)


def masked(spectrum: Tensor, mfcc: Tensor, wave: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Windows with one stretch of time and one band of the spectrum silenced, per batch.

    SpecAugment (arXiv 1904.08779), over all three inputs alike: a network that has memorised a
    minute of speech would be far more certain of it than of anything new.
    """
    first, length = int(torch.randint(SEGMENT, ())), int(torch.randint(SEGMENT // 4, ()))
    low, height = int(torch.randint(SPECTRUM_BINS, ())), int(torch.randint(SPECTRUM_BINS // 5, ()))
    spectrum, mfcc, wave = spectrum.clone(), mfcc.clone(), wave.clone()
    spectrum[:, first : first + length] = -1.0
    spectrum[:, :, low : low + height] = -1.0
    mfcc[:, first : first + length] = 0.0
    wave[:, first * HOP : (first + length) * HOP] = 0.0
    return spectrum, mfcc, wave


@torch.inference_mode()
def _evaluate(
    model: EmotionModel, window: WindowOf, frames: np.ndarray, classes: Tensor | None, truth: Tensor
) -> dict[str, float]:
    model.network.eval()
    outputs = list(model.outputs(window, frames))
    aligned = torch.cat([o.aligned for o in outputs])
    logits = torch.cat([o.logits for o in outputs])
    rows = torch.from_numpy(frames).to(truth.device)
    own = None if classes is None else classes[rows]
    cross_entropy, alignment = emotion_loss(logits, aligned, own, truth[rows])
    figures = {"loss": float(cross_entropy + alignment), "alignment": float(alignment)}
    figures |= {
        f"alignment_{name}": value
        for name, value in prediction_errors(
            aligned.cpu().numpy(), truth[rows].cpu().numpy()
        ).items()
    }
    if own is not None:
        figures["cross_entropy"] = float(cross_entropy)
        figures["accuracy"] = float((logits.argmax(1) == own).float().mean())
    return figures


def _check_labels(labels: np.ndarray | None, count: int, device: torch.device) -> Tensor | None:
    if labels is None:
        return None
    labels = np.asarray(labels)
    if labels.shape != (count,) or labels.min() < 0 or labels.max() >= len(EMOTIONS):
        raise BadInput(
            "emotion labels",
            f"their shape is {list(labels.shape)}, their range {labels.min()}..{labels.max()}",
            f"Give one label of 0..{len(EMOTIONS) - 1} for each of the {count} frames.",
        )
    return torch.from_numpy(labels.astype(np.int64)).to(device)
