"""The whole fit: priors, face branch, mouth branch, fuse stage, and the record of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.contracts import BadInput, FitContext, TrainingSet
from harness.files.documents import read_object
from methods.ua3dtalk.checkpoint import FORMAT, write_json, write_lines, write_tensors
from methods.ua3dtalk.config import Settings
from methods.ua3dtalk.data.face import NAME
from methods.ua3dtalk.data.features import FrameFeatures, au_of, blink_scale_of
from methods.ua3dtalk.data.frames import TrainingData
from methods.ua3dtalk.data.scaling import PriorScaling
from methods.ua3dtalk.data.transform import SceneTransform, normalise
from methods.ua3dtalk.official import subject as official
from methods.ua3dtalk.priors import sources
from methods.ua3dtalk.priors.fit import fit_priors
from methods.ua3dtalk.priors.given import from_files, given_by_all
from methods.ua3dtalk.priors.model import PriorModel
from methods.ua3dtalk.spans import Spans
from methods.ua3dtalk.training.branch import Branch
from methods.ua3dtalk.training.face import FaceBranch
from methods.ua3dtalk.training.fuse import FuseStage
from methods.ua3dtalk.training.loop import run_stage
from methods.ua3dtalk.training.mouth import MouthBranch
from methods.ua3dtalk.training.perceptual import load_perceptual
from methods.ua3dtalk.training.sharing import digests_of, shared_stage, stage_inputs

MODEL, DESCRIPTION, RECORD, CURVE = "model.pt", "model.json", "fit.json", "losses.jsonl"
#: Which array of a signal has one row per frame; a signal that is not named is one itself.
_PER_FRAME = {
    "camera": "K",
    "masks": "bits",
    "au": "values",
    "expression": "values",
    "emotion": "labels",
}


def fit(training: TrainingSet, workdir: Path, context: FitContext) -> None:
    """Fit UA-3DTalk on all sequences of one subject; see `UA3DTalk.fit`."""
    settings = Settings.of(context.options)
    decisive = {**official.pinned(settings), "files": sources.digests(settings.priors)}
    identity = fingerprint(training, decisive, context.seed)
    done = workdir / DESCRIPTION
    if done.is_file() and read_object(done, finite=False)["fingerprint"] == identity:
        return
    check_training(training, settings)
    device, config = context.device, settings.train
    released = official.read_subject(settings) if config.official_checkpoint else None
    workdir.mkdir(parents=True, exist_ok=True)

    model = fit_priors(
        training, workdir, settings.priors, device, context.seed, context.progress, context.stages
    )
    # A checkpoint of the released code was trained on what that code clips.
    scaled = settings.field.use_au and released is None
    blink_scale = blink_scale_of(training) if scaled else 1.0
    au = au_of(training, blink_scale) if settings.field.use_au else None
    values, scaling = model.priors, None
    if model.record["source"] == "trained":
        scaling = PriorScaling.of(values)
        values = scaling.apply(values)
    features = FrameFeatures(
        model.training_windows.values, values, au, Spans.of(training), blink_scale
    )
    if released:
        why = f"not used: everything was trained before, {config.official_checkpoint}"
        outcome = Outcome(*released, official.TRANSFORM, official.AUDIO_RANGE, [], why)
        leave(workdir, outcome, training, settings, model, features, scaling, identity)
        return
    transform = normalise(
        ((s.id, s.signal("camera", NAME), s.signal("masks", NAME)) for s in training),
        settings.field.bound,
    )
    data = TrainingData(training, transform, features, device)

    perceptual, why = (None, "switched off")
    if config.perceptual:
        perceptual, why = load_perceptual(device)
    stages = workdir / "stages"
    face, mouth = (
        kind(data, settings, context.seed, perceptual) for kind in (FaceBranch, MouthBranch)
    )
    rows: list[dict[str, Any]] = []
    digests = digests_of(features)
    for branch in (face, mouth):
        inputs = stage_inputs(branch.name, settings, digests, why)
        own = fingerprint(training, {"stage": branch.name, **inputs}, context.seed)
        with shared_stage(context.stages, branch.name, inputs, stages):
            rows += run_stage(branch, stages, own, config.checkpoint_every, context.progress)
    fuse = FuseStage(face, mouth, context.seed)
    rows += run_stage(fuse, stages, identity, config.checkpoint_every, context.progress)

    # Digital silence is tens of deviations below any noise that the fields were trained on.
    audio_range = (float(features.audio.min()), float(features.audio.max()))
    outcome = Outcome(face, mouth, transform, audio_range, rows, why)
    leave(workdir, outcome, training, settings, model, features, scaling, identity)
    for stage in (face, mouth, fuse):
        (stages / f"{stage.name}.pt").unlink()


@dataclass(frozen=True)
class Outcome:
    """What a fit, or a checkpoint of the released code, comes to.

    Attributes:
        face: field and Gaussians.
        mouth: the same of the mouth.
        transform: into the units that both live in.
        audio_range: to which audio features are clipped in rendering.
        rows: of the loss curve.
        perceptual: which LPIPS weights took part, or why none did.

    """

    face: Branch | official.ReleasedBranch
    mouth: Branch | official.ReleasedBranch
    transform: SceneTransform
    audio_range: tuple[float, float]
    rows: list[dict[str, Any]]
    perceptual: str


def leave(
    workdir: Path,
    outcome: Outcome,
    training: TrainingSet,
    settings: Settings,
    model: PriorModel,
    features: FrameFeatures,
    scaling: PriorScaling | None,
    identity: str,
) -> None:
    """Write all that rendering reads; the description comes last and marks the fit as done."""
    face, mouth, au = outcome.face, outcome.mouth, features.au
    write_tensors(
        workdir / MODEL,
        {
            "face_field": face.field.state_dict(),
            "mouth_field": mouth.field.state_dict(),
            "face": face.cloud.tensors(),
            "mouth": mouth.cloud.tensors(),
            "scaling": {} if scaling is None else scaling.tensors(),
        },
    )
    write_lines(workdir / CURVE, outcome.rows)
    write_json(workdir / RECORD, record(outcome, model, settings))
    first = training.uniform()
    write_json(
        workdir / DESCRIPTION,
        {
            "format": FORMAT,
            "fingerprint": identity,
            "options": settings.options,
            "scene": asdict(outcome.transform),
            "resolution": [first.height, first.width],
            "audio_range": list(outcome.audio_range),
            # At rest the eyes are open: a blink is rare, so the median is free of it.
            "au_at_rest": None if au is None else np.median(au, axis=0).tolist(),
            "blink_scale": features.blink_scale,
        },
    )


def check_training(training: TrainingSet, settings: Settings) -> None:
    """Look through every sequence before any work starts.

    Raises:
        MissingSignal: one that the settings need is absent.
        BadInput: there is no sequence, they differ in subject, frame rate or size, only some
            have a signal that is used if present, a signal is of another length, or an imported
            checkpoint lacks the inputs that it was trained on.

    """
    training.uniform()
    if settings.train.official_checkpoint:
        official.check_signals(training, settings)
    if len(training.subjects) > 1:
        fact = f"its sequences show {' and '.join(training.subjects)}"
        raise BadInput("the training set", fact, "Fit each subject separately.")
    needed = ["camera", "masks", "plate", "landmarks"]
    if settings.field.use_au:
        needed.append("au")
    if settings.priors.audio_features == "auto":
        given_by_all(training, "audio_features")
    modules = settings.field.use_prior or settings.field.use_emotion
    if modules and not from_files(training, settings.priors):
        needed.append("expression")
        if settings.field.use_emotion and given_by_all(training, "emotion"):
            needed.append("emotion")
    for sequence in training:
        for name in needed:
            signal, frames = sequence.signal(name, NAME), len(sequence.frames)
            length = len(getattr(signal, _PER_FRAME[name])) if name in _PER_FRAME else len(signal)
            if length != frames:
                fact = f"its {name!r} signal has {length} frames, but the sequence has {frames}"
                raise BadInput(sequence.id, fact, "Prepare the video again.")


def fingerprint(training: TrainingSet, options: Mapping[str, Any], seed: int) -> str:
    """What decides the outcome of a fit or of a stage: sequences, options, seed."""
    sequences = [[each.id, each.digest, len(each.frames)] for each in training]
    text = json.dumps([sequences, dict(options), seed], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def record(outcome: Outcome, priors: PriorModel, settings: Settings) -> dict[str, Any]:
    """Figures of the fit for the record."""
    branches = {"face": outcome.face, "mouth": outcome.mouth}
    last = {row["stage"]: row for row in outcome.rows}
    return {
        "stages": {
            name: {"iterations": row["step"]}
            | {key: row[key] for key in ("seconds", "loss", "psnr", "gaussians")}
            for name, row in last.items()
        },
        "gaussians": {name: len(branch.cloud) for name, branch in branches.items()},
        "parameters": {
            name: sum(p.numel() for p in branch.field.parameters())
            for name, branch in branches.items()
        },
        "priors": priors.record,
        "perceptual_loss": outcome.perceptual,
        "options": settings.options,
    }
