"""What decides each branch's training, so that fits that agree on it can share the result.

A row of an ablation table often leaves a branch untouched: the mouth is conditioned on neither
emotion nor action units, so its training is the same with and without them. Each branch is keyed
by exactly what it depends on; the fuse stage sees both branches and is never shared.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from harness.contracts import StageCache
from methods.ua3dtalk.config import Settings
from methods.ua3dtalk.data.frames import FrameFeatures

#: Options that never change an outcome, or that only the other stages read, by first letters.
_NOT_OF = {
    "face": ("checkpoint_every", "mouth_", "fuse_"),
    "mouth": ("checkpoint_every", "face_", "fuse_", "attention_"),
}
#: Of the field: these two are given by how the modalities are really joined.
_JOINED = ("fusion", "use_uncertainty", "ensemble_size")
_EMOTION = ("emotion_", "use_emotion")


def digests_of(features: FrameFeatures) -> dict[str, str]:
    """Hashes of what the fields are conditioned on in training, by name."""
    given = {"audio": features.audio, "au": features.au}
    given |= {name: getattr(features.priors, name) for name in ("content", "style", "emotion")}
    return {
        name: hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()[:16]
        for name, values in given.items()
        if values is not None
    }


def stage_inputs(
    name: str, settings: Settings, digests: Mapping[str, str], perceptual: str
) -> dict[str, Any]:
    """All that decides the training of a branch beside sequences, seed, device and code.

    Args:
        name: `face` or `mouth`.
        settings: of the fit.
        digests: what `digests_of` returned.
        perceptual: which LPIPS weights take part, or why none do.

    Returns:
        Plain values: equal ones mean equal trainings.

    """
    field = settings.field
    shape = {k: v for k, v in asdict(field).items() if k not in _JOINED}
    shape |= {"joined_by": field.joined_by, "members": field.members}
    inputs = ["audio"]
    if field.use_prior:
        inputs += ["content", "style"]
    if name == "face":
        inputs += ["au"] if field.use_au else []
        inputs += ["emotion"] if field.use_emotion else []
    if name == "mouth":
        shape.pop("use_au")
    if name == "mouth" or not field.use_au:
        shape.pop("attention_init")
    if name == "mouth" or not field.use_emotion:
        shape = {k: v for k, v in shape.items() if not k.startswith(_EMOTION)}
    train = {k: v for k, v in asdict(settings.train).items() if not k.startswith(_NOT_OF[name])}
    return {
        "train": train,
        "field": {k: list(v) if isinstance(v, tuple) else v for k, v in shape.items()},
        "features": {each: digests[each] for each in inputs if each in digests},
        "perceptual": perceptual,
    }


@contextmanager
def shared_stage(
    stages: StageCache | None, name: str, inputs: Mapping[str, Any], folder: Path
) -> Iterator[None]:
    """Run a stage in the block, from the cache's checkpoint where it has a finished one.

    Args:
        stages: the cache; with None the block runs as if it were not there.
        name: of the stage.
        inputs: what `stage_inputs` returned.
        folder: where the stage keeps its checkpoint `{name}.pt`.

    """
    found = stages.find(name, inputs) if stages else None
    checkpoint = folder / f"{name}.pt"
    if found:
        folder.mkdir(parents=True, exist_ok=True)
        checkpoint.unlink(missing_ok=True)
        _link(found / checkpoint.name, checkpoint)
    yield
    if stages and not found:
        with stages.keep(name, inputs) as kept:
            _link(checkpoint, kept / checkpoint.name)


def _link(source: Path, target: Path) -> None:
    """A second name for a file, or a copy where the disk has no links; neither is written to."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
