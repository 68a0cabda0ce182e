"""Signals that come with the sequences of a training set: with all of them, or with none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from harness.contracts import AudioFeatures, BadInput, MissingSignal, Priors, TrainingSet
from methods.speech.windows import check_windows
from methods.ua3dtalk.priors.config import PriorConfig
from methods.ua3dtalk.priors.official import LAYOUT, check_priors, read_official


def given_by_all(training: TrainingSet, name: str) -> bool:
    """Whether every sequence comes with a signal; False if none does.

    Raises:
        BadInput: only some do.

    """
    have = [sequence.id for sequence in training if sequence.has(name)]
    lack = [sequence.id for sequence in training if not sequence.has(name)]
    if have and lack:
        raise BadInput(
            lack[0],
            f"it has no {name!r} signal, but {have[0]} of the same training set has one",
            "Provide it for all sequences of a subject, or for none.",
        )
    return bool(have)


def alike(training: TrainingSet, name: str, kind: Callable[[Any], str]) -> str:
    """What all sequences have as the kind of a signal (its basis, its extractor).

    Raises:
        BadInput: they differ.

    """
    kinds = {sequence.id: kind(sequence.signal(name)) for sequence in training}
    (first, expected), *others = kinds.items()
    for other, found in others:
        if found != expected:
            fact = f"its {name!r} signal is {found}, but that of {first} is {expected}"
            raise BadInput(other, fact, "Prepare all videos of a subject in the same way.")
    return expected


def given_windows(training: TrainingSet) -> AudioFeatures:
    """Audio windows that came with the sequences, one after the other.

    Raises:
        BadInput: they are of different kinds, or of another shape or length.

    """
    kind = alike(training, "audio_features", lambda features: features.kind)
    windows = [
        check_windows(sequence.signal("audio_features"), len(sequence.frames), sequence.id)
        for sequence in training
    ]
    return AudioFeatures(np.concatenate(windows), kind)


def from_files(training: TrainingSet, config: PriorConfig) -> bool:
    """Whether content, style and emotion come from files rather than from training.

    Raises:
        BadInput: only some sequences have them.
        MissingSignal: files are demanded and there are none.

    """
    if config.content in ("own", "none"):
        return False
    found = bool(config.official) or given_by_all(training, "priors")
    if config.content == "official" and not found:
        cure = "Put the six official .pth files into the folder, or choose content=expert."
        raise MissingSignal("priors", training.id, "UA-3DTalk with content=official", cure)
    return found


def given_priors(training: TrainingSet, config: PriorConfig) -> tuple[Priors, str] | None:
    """Features that came with the sequences, one after the other, and where from.

    The official files of one sequence lie in `config.official`, those of several in a folder
    there for each, called by its id.

    Raises:
        BadInput: only some sequences have them, or they cannot be used.
        MissingSignal: files are demanded and there are none.

    """
    if not from_files(training, config):
        return None
    if config.official:
        folder, source = Path(config.official), "official files"
        folders = [folder if len(training) == 1 else folder / each.id for each in training]
        pairs = zip(folders, training, strict=True)
        parts = [read_official(own, "train", len(each.frames)) for own, each in pairs]
    else:
        source = "signal"
        parts = [
            check_priors(each.signal("priors"), len(each.frames), each.id) for each in training
        ]
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in LAYOUT}
    return Priors(**joined), source
