"""Fitting of the whole offline stage on a training part."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from harness.contracts import AudioFeatures, BadInput, Priors, Progress, Sequence, StageCache
from methods.ua3dtalk.audio_windows import KIND, LogMelStatistics, audio_windows, check_windows
from methods.ua3dtalk.emotion.train import fit_emotion
from methods.ua3dtalk.priors.config import CONTENT_SIZE, EMOTION_SIZE, STYLE_SIZE, PriorConfig
from methods.ua3dtalk.priors.extractor import fit_extractor
from methods.ua3dtalk.priors.model import PriorModel
from methods.ua3dtalk.priors.official import check_priors, read_official
from methods.ua3dtalk.priors.target import ExpressionTarget

_NEEDED_BY = "UA-3DTalk's Prior Extraction"
#: What of a configuration decides neither content nor style, and what not the emotion.
_NOT_OF = {
    "prior": ("use_", "official", "audio_", "emotion_", "waveform"),
    "emotion": ("use_", "official", "audio_", "content_", "style_", "fuse_", "recon_"),
}
#: Below this a fold has too few frames to say anything.
_FEWEST = 48


def fit_priors(
    sequence: Sequence,
    workdir: Path,
    config: PriorConfig,
    device: str,
    seed: int,
    progress: Progress,
    stages: StageCache | None = None,
) -> PriorModel:
    """Learn, or read, the priors of a training part, and leave them in `workdir / "priors"`.

    Where that folder already holds priors of the same recording, configuration and seed, they
    are loaded instead.

    Args:
        sequence: the recording; only its frames in `sequence.train` are looked at.
        workdir: the method's folder.
        config: sizes and schedules.
        device: a torch device.
        seed: decides every draw.
        progress: told of stages `content`, `style` and `emotion`.
        stages: where finished parts come from and go to: `prior` (content and style) and
            `emotion`, neither of which hears of the other.

    Raises:
        MissingSignal: neither `priors` nor `expression` is there.
        BadInput: features or expressions that do not fit the recording.

    """
    folder = workdir / "priors"
    identity = _identity(sequence, config, seed)
    if (folder / "priors.json").is_file():
        stored = json.loads((folder / "priors.json").read_text("utf-8"))["record"]
        if identity and stored.get("identity") == identity:
            return PriorModel.load(folder, device)
    part = (
        sequence if sequence.train == range(len(sequence.frames)) else sequence.part(sequence.train)
    )
    count = len(part.frames)
    if count < _FEWEST:
        raise BadInput(
            sequence.id,
            f"its training part has {count} frames",
            f"The priors need at least {_FEWEST}: use a longer recording.",
        )
    with torch.random.fork_rng():
        model = _fit(part, count, config, device, seed, progress, stages)
    model.record |= {"seed": seed, "frames": count, "identity": identity}
    model.save(folder)
    return model


def _fit(
    part: Sequence,
    count: int,
    config: PriorConfig,
    device: str,
    seed: int,
    progress: Progress,
    stages: StageCache | None,
) -> PriorModel:
    statistics = LogMelStatistics.of(part.audio)
    if part.has("audio_features") and config.audio_features == "auto":
        given: AudioFeatures = part.signal("audio_features")
        windows = AudioFeatures(check_windows(given, count, part.id), given.kind)
    else:
        windows = AudioFeatures(audio_windows(part.audio, part.fps, count, statistics), KIND)

    stored = _stored(part, config, count)
    if stored is not None:
        priors, source = stored
        return PriorModel(config, priors, windows, statistics, record={"source": source})

    model = PriorModel(
        config,
        Priors(
            np.zeros((count, CONTENT_SIZE), np.float32),
            np.zeros((count, STYLE_SIZE), np.float32),
            np.zeros((count, EMOTION_SIZE), np.float32),
        ),
        windows,
        statistics,
        record={"source": "trained", "content": "off", "emotion": "off"},
    )
    if not (config.use_prior or config.use_emotion):
        return model
    expression = part.signal("expression", _NEEDED_BY)
    if len(expression.values) != count:
        raise BadInput(
            part.id,
            f"expression has {len(expression.values)} frames, the training part {count}",
            "Prepare the recording again.",
        )
    target = ExpressionTarget.of(expression, part.id).transform(expression.values)
    model.record["basis"] = expression.basis
    place = torch.device(device)

    def prior(own: PriorModel) -> None:
        own.extractor, content, style, own.record["content"] = fit_extractor(
            part.audio, part.fps, target, config, place, progress
        )
        own.priors = replace(own.priors, content=content, style=style)

    def emotion(own: PriorModel) -> None:
        labels = part.signal("emotion").labels if part.has("emotion") else None
        own.emotion, features, own.record["emotion"] = fit_emotion(
            part.audio, part.fps, labels, target, config, place, progress
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


def _shared(
    name: str,
    fit: Callable[[PriorModel], None],
    blank: PriorModel,
    device: str,
    seed: int,
    stages: StageCache | None,
) -> PriorModel:
    """One part alone, fitted or from the cache; its seed is its own, so neither needs the other."""
    values = blank.config.as_dict()
    inputs = {k: v for k, v in values.items() if not k.startswith(_NOT_OF[name])}
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


def _stored(part: Sequence, config: PriorConfig, count: int) -> tuple[Priors, str] | None:
    """Features that came with the recording, and where from."""
    if config.official:
        return read_official(Path(config.official), "train", count), "official files"
    if part.has("priors"):
        return check_priors(part.signal("priors"), count, part.id), "signal"
    return None


def _identity(sequence: Sequence, config: PriorConfig, seed: int) -> str:
    """What decides the outcome, or nothing where the recording has no digest."""
    if not sequence.digest:
        return ""
    frames = [sequence.train.start, sequence.train.stop]
    # In the form in which it is read back from JSON.
    return json.dumps([sequence.digest, frames, config.as_dict(), seed], sort_keys=True)
