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


def ready(adapter: Adapter) -> Environment:
    """The environment of an adapter, complete and with its licence accepted.

    Raises:
        Unavailable: with what is missing and how to get it by the authors' instructions.

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
        raise BadInput("--set", fact, f"It has: {', '.join(known) or 'none'}.")


def check_sequence(adapter: Adapter, sequence: Sequence) -> None:
    """Refuse a sequence, whole or its training part, that the checkout cannot read.

    Raises:
        BadInput: no training part, no prepared folder, a file missing in it, another frame rate,
            or another size.

    """
    name = adapter.spec.id
    if not len(sequence.train):
        fact = f"{name} learns from each sequence that it renders, and this has no training part"
        raise BadInput(sequence.id, fact, "Choose a split that divides each sequence.")
    if adapter.layout and sequence.folder is None:
        fact = f"{name} reads a prepared folder, and this sequence has none"
        cure = "Use a video prepared by `python -m harness prepare VIDEO --out DIR`."
        raise BadInput(sequence.id, fact, cure)
    if adapter.fps is not None and abs(sequence.fps - adapter.fps) > 1e-3:
        fact = f"it has {sequence.fps:g} frames per second, and {name} knows only {adapter.fps:g}"
        cure = f"Prepare the video again with --fps {adapter.fps:g}."
        raise BadInput(sequence.id, fact, cure)
    size = (sequence.height, sequence.width)
    if adapter.size is not None and size != adapter.size:
        wanted = f"{adapter.size[0]}x{adapter.size[1]}"
        fact = f"its frames are {size[0]}x{size[1]}, and {name} writes {wanted}"
        cure = f"Prepare the video again with --size {adapter.size[1]}."
        raise BadInput(sequence.id, fact, cure)
    if adapter.layout and sequence.folder is not None:
        for inputs in adapter.inputs:
            staging.need(sequence.folder, inputs.names, inputs.obtain)
        if adapter.units:
            staging.read_au_csv(sequence.folder / "au.csv", adapter.units)


def check_video(adapter: Adapter, path: Path, request: RenderRequest) -> None:
    """Compare the video that a checkout wrote with the request; nothing is repaired.

    Raises:
        NoOutput: it is not there.
        WrongRate: another frame rate.
        WrongSize: another size.
        WrongCount: fewer frames, or more than `adapter.surplus` beyond the request.
        BadOutput: it cannot be read.

    """
    from harness.media.video import probe  # FFmpeg's libraries, which `list` does without

    name = adapter.spec.id
    if not path.is_file():
        raise NoOutput(name, path, "the checkout ended without an error and did not write it")
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
    if not request.count <= info.count <= request.count + adapter.surplus:
        raise WrongCount(name, path, f"{info.count} frames, {request.count} were requested")


def frames_of(adapter: Adapter, path: Path, count: int) -> Iterator[np.ndarray]:
    """The first `count` frames, uint8 [H,W,3]: all but the surplus that `check_video` allows.

    Raises:
        BadOutput: the video is damaged, or its frame rate varies.

    """
    from harness.media.video import read_frames

    try:
        yield from itertools.islice(read_frames(path), count)
    except BadInput as error:
        raise BadOutput(adapter.spec.id, path, error.fact) from error
