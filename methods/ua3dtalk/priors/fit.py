"""Fitting of the whole offline stage on the sequences of one subject."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch

from harness.contracts import (
    AudioFeatures,
    BadInput,
    Expression,
    Progress,
    StageCache,
    TrainingSet,
)
from harness.files.documents import read_object
from methods.speech.experts.features import own_expert
from methods.speech.windows import KIND, LogMelStatistics, audio_windows
from methods.ua3dtalk.checkpoint import CURE
from methods.ua3dtalk.priors.config import PriorConfig
from methods.ua3dtalk.priors.emotion.expert import expert_for
from methods.ua3dtalk.priors.emotion.train import fit_emotion
from methods.ua3dtalk.priors.expression.extractor import fit_extractor
from methods.ua3dtalk.priors.given import alike, given_by_all, given_priors, given_windows
from methods.ua3dtalk.priors.model import PriorModel, zero_priors
from methods.ua3dtalk.priors.sources import digests
from methods.ua3dtalk.priors.target import ExpressionTarget
from methods.ua3dtalk.spans import Spans

_NEEDED_BY = "UA-3DTalk's Prior Extraction"
#: What of a configuration decides neither content nor style, and what not the emotion.
_NOT_OF = {
    "prior": ("use_", "official", "audio_", "emotion_", "waveform"),
    "emotion": (
        *("use_", "official", "audio_"),
        *("content", "expert", "own_", "style_", "fuse_", "recon_"),
    ),
}
#: Below this a fold has too few frames to be meaningful.
_FEWEST = 48


def fit_priors(
    training: TrainingSet,
    workdir: Path,
    config: PriorConfig,
    device: str,
    seed: int,
    progress: Progress,
    stages: StageCache | None = None,
) -> PriorModel:
    """Learn, or read, the priors of a training set, and leave them in `workdir / "priors"`.

    Where that folder already holds priors of the same sequences, configuration and seed, they
    are loaded instead.

    Args:
        training: sequences of one subject, at one frame rate.
        workdir: the method's folder.
        config: sizes and schedules.
        device: a torch device.
        seed: decides every draw.
        progress: called with stages `content`, `style` and `emotion`.
        stages: where finished parts come from and go to: `prior` (content and style) and
            `emotion`, neither of which depends on the other.

    Raises:
        MissingSignal: neither `priors` nor `expression` is there.
        BadInput: features or expressions that do not fit their sequence or each other.

    """
    folder = workdir / "priors"
    identity = _identity(training, config, seed)
    if (folder / "priors.json").is_file():
        stored = read_object(folder / "priors.json", CURE)["record"]
        if identity and stored.get("identity") == identity:
            return PriorModel.load(folder, device)
    count = training.frame_count
    if count < _FEWEST:
        raise BadInput(
            training.id,
            f"it has only {count} training frames",
            f"Training the priors takes at least {_FEWEST} frames: use longer videos.",
        )
    with torch.random.fork_rng():
        model = _fit(training, config, device, seed, progress, stages)
    model.record |= {"seed": seed, "frames": count, "identity": identity}
    model.save(folder)
    return model


def _fit(
    training: TrainingSet,
    config: PriorConfig,
    device: str,
    seed: int,
    progress: Progress,
    stages: StageCache | None,
) -> PriorModel:
    sounds, fps = [sequence.audio for sequence in training], training.uniform().fps
    spans = Spans.of(training)
    statistics = LogMelStatistics.of(*sounds)
    if config.audio_features == "auto" and given_by_all(training, "audio_features"):
        windows = given_windows(training)
    else:
        parts = zip(sounds, spans.counts, strict=True)
        made = [audio_windows(audio, fps, count, statistics) for audio, count in parts]
        windows = AudioFeatures(np.concatenate(made), KIND)

    given = given_priors(training, config)
    if given is not None:
        priors, source = given
        return PriorModel(config, priors, windows, statistics, record={"source": source})

    expression = None
    if config.use_prior or config.use_emotion:
        expression = _expression(training)
        config = replace(config, expert=expert_of(config, expression.basis))
    model = PriorModel(
        config,
        zero_priors(spans.count),
        windows,
        statistics,
        record={"source": "trained", "content": "off", "emotion": "off"},
    )
    if expression is None:
        return model
    target = ExpressionTarget.of(expression, training.id).transform(expression.values)
    model.record["basis"] = expression.basis
    place = torch.device(device)
    wanted = config.use_prior and config.content == "expert"
    lips = own_expert(config.expert, expression.basis) if wanted else None

    def prior(own: PriorModel) -> None:
        own.extractor, content, style, own.record["content"] = fit_extractor(
            sounds, fps, spans, target, config, place, progress, lips
        )
        own.priors = replace(own.priors, content=content, style=style)

    def emotion(own: PriorModel) -> None:
        labels = None
        if given_by_all(training, "emotion"):
            labels = np.concatenate([sequence.signal("emotion").labels for sequence in training])
        expert = expert_for(config, expression.basis)
        own.emotion, features, own.record["emotion"] = fit_emotion(
            sounds, fps, spans, labels, target, config, place, progress, expert
        )
        own.priors = replace(own.priors, emotion=features)

    if config.use_prior:
        own = _shared("prior", prior, model, device, seed, stages)
        model.extractor, model.record["content"] = own.extractor, own.record["content"]
        model.priors = replace(model.priors, content=own.priors.content, style=own.priors.style)
    if config.use_emotion:
        own = _shared("emotion", emotion, model, device, seed, stages)
        model.emotion, model.record["emotion"] = own.emotion, own.record["emotion"]
        model.priors = replace(model.priors, emotion=own.priors.emotion)
    return model


def expert_of(config: PriorConfig, basis: str) -> str:
    """The lip expert that knows the domain of sequences whose expression has a basis."""
    if config.expert != "auto":
        return config.expert
    return "synthetic" if basis == "synthetic" else "speech"


def _expression(training: TrainingSet) -> Expression:
    """Expressions of all sequences, one after the other."""
    values = []
    for sequence in training:
        values.append(sequence.signal("expression", _NEEDED_BY).values)
        if len(values[-1]) != len(sequence.frames):
            fact = f"its expression has {len(values[-1])} frames, its video {len(sequence.frames)}"
            raise BadInput(sequence.id, fact, "Prepare the video again.")
    basis = alike(training, "expression", lambda expression: expression.basis)
    return Expression(np.concatenate(values), basis)


def _shared(
    name: str,
    fit: Callable[[PriorModel], None],
    blank: PriorModel,
    device: str,
    seed: int,
    stages: StageCache | None,
) -> PriorModel:
    """One part alone, fitted or from the cache; its seed is its own, so neither needs the other."""
    values = asdict(blank.config)
    inputs = {k: v for k, v in values.items() if not k.startswith(_NOT_OF[name])}
    inputs["files"] = digests(blank.config)
    found = stages.find(name, inputs) if stages else None
    if found:
        return PriorModel.load(found, device)
    torch.manual_seed(seed)
    own = replace(blank, record=dict(blank.record))
    fit(own)
    if stages:
        with stages.keep(name, inputs) as folder:
            own.save(folder)
    return own


def _identity(training: TrainingSet, config: PriorConfig, seed: int) -> str:
    """What decides the outcome, or nothing if a sequence has no digest."""
    if not all(sequence.digest for sequence in training):
        return ""
    sequences = [[each.id, each.digest, len(each.frames)] for each in training]
    # In the form in which it is read back from JSON.
    return json.dumps([sequences, asdict(config), digests(config), seed], sort_keys=True)
