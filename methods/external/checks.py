"""What is checked before a checkout runs, and of the video that it wrote."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness.contracts import BadInput, MethodSpec, RenderRequest, Sequence, Unavailable
from methods.external.errors import BadOutput, NoOutput, WrongCount, WrongRate, WrongSize
from methods.external.run import staging
from methods.external.run.checkout import Adapter
from methods.external.run.environment import Environment, environment_of, variable

#: Frames per second: the checkouts write videos at this rate whatever their input has.
FPS = 25.0


def ready(adapter: Adapter) -> Environment:
    """The environment of an adapter, complete and with its licence accepted.

    Raises:
        Unavailable: no checkout, interpreter, script, weights or accepted licence; names what is
            missing and how to get it by the authors' instructions.

    """
    name = adapter.spec.id
    found = environment_of(name, adapter.obtain)
    what = f"method {name}"
    for script in adapter.scripts:
        if not (found.root / script).is_file():
            reason = f"{found.root} has no {script}, so it is not a checkout of {adapter.home}"
            raise Unavailable(what, reason, adapter.obtain)
    for asset in adapter.assets:
        if not asset.found(found.root):
            raise Unavailable(what, f"{found.root / asset.path} is missing", asset.obtain)
    if not found.licence:
        reason = f"its licence was not accepted ({adapter.spec.licence})"
        cure = f"Read it at {adapter.home}, then set {variable(name, 'LICENCE')}=accepted"
        raise Unavailable(what, reason, f"{cure}, or `licence: accepted` in the YAML file.")
    return found


def check_config(spec: MethodSpec, config: Mapping[str, Any]) -> None:
    """Refuse an option that the adapter does not have.

    Raises:
        BadInput: names it and the existing options.

    """
    known = sorted({name for preset in spec.presets.values() for name in preset} - {"checkout"})
    if unknown := sorted(set(config) - {*known, "checkout"}):
        fact = f"{spec.id} has no option {', '.join(unknown)}"
        raise BadInput("--set", fact, f"Its options: {', '.join(known) or 'none'}.")


def check_sequence(adapter: Adapter, sequence: Sequence) -> None:
    """Refuse a sequence, whole or its training part, that the checkout cannot read.

    Raises:
        BadInput: no training part, no prepared folder, a file missing in it, another frame rate,
            or another size.

    """
    name = adapter.spec.id
    if not len(sequence.train):
        fact = f"{name} is trained on each sequence it renders, and this one has no training part"
        raise BadInput(sequence.id, fact, "Choose a split with a training part of each sequence.")
    if abs(sequence.fps - FPS) > 1e-3:
        fact = f"it has {sequence.fps:g} frames per second, and {name} only supports {FPS:g}"
        raise BadInput(sequence.id, fact, f"Prepare the video again with --fps {FPS:g}.")
    if not adapter.layout:
        return
    if sequence.folder is None:
        fact = f"{name} reads a prepared folder, and this sequence has none"
        cure = "Use a video prepared by `python -m harness prepare VIDEO --out DIR`."
        raise BadInput(sequence.id, fact, cure)
    for inputs in adapter.inputs:
        staging.need(sequence.folder, inputs.names, inputs.obtain)
    staging.read_au_csv(sequence.folder / "au.csv", adapter.units)


def check_video(name: str, path: Path, request: RenderRequest, surplus: int = 0) -> None:
    """Compare the video of a method with the request; nothing is repaired.

    Raises:
        NoOutput: it is not there.
        WrongRate: another frame rate.
        WrongSize: another size.
        WrongCount: fewer frames, or more than `surplus` beyond the request.
        BadOutput: it cannot be read.

    """
    from harness.media.video import probe  # FFmpeg's libraries, which `list` does without

    if not path.is_file():
        raise NoOutput(name, path, "the command succeeded but did not write it")
    try:
        info = probe(path)
    except BadInput as error:  # not the user's input: the checkout's output
        raise BadOutput(name, path, error.fact) from error
    if abs(info.fps - request.fps) > 1e-2:
        fact = f"{info.fps:g} frames per second, {request.fps:g} were requested"
        raise WrongRate(name, path, fact)
    if (info.height, info.width) != (request.height, request.width):
        fact = f"{info.height}x{info.width}, {request.height}x{request.width} was requested"
        raise WrongSize(name, path, fact)
    if not request.count <= info.count <= request.count + surplus:
        raise WrongCount(name, path, f"{info.count} frames, {request.count} were requested")


def frames_of(
    name: str, path: Path, request: RenderRequest, surplus: int = 0
) -> Iterator[np.ndarray]:
    """The frames of a video that `check_video` accepts, without the surplus: uint8 [H,W,3] each.

    Raises:
        BadOutput: see `check_video`; or the video is damaged, or its frame rate varies.

    """
    from harness.media.video import read_frames

    check_video(name, path, request, surplus)
    try:
        yield from itertools.islice(read_frames(path), request.count)
    except BadInput as error:
        raise BadOutput(name, path, error.fact) from error
