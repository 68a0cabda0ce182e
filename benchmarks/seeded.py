"""Seeded random weights as files, loaded by both sides of a comparison.

Every file has the keys of the published one, so that the published package reads it, and our
metric too. Values computed with them are meaningless for a video; only equality and time matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import golden
import torch
from torch import Tensor, nn

State = dict[str, Tensor]


def _of(build: Callable[[], nn.Module], seed: int) -> State:
    return golden.seeded_state(build().state_dict(), seed)


def _alex() -> State:
    from metrics.backbones.trunks import AlexNet

    return _of(AlexNet, 1)


def _vgg() -> State:
    from metrics.backbones.trunks import VGG16

    return _of(VGG16, 1)


def _inception() -> State:
    from metrics.backbones.inception import FIDInception

    return _of(FIDInception, 5)


def _syncnet() -> State:
    from metrics.backbones.syncnet import SyncNet

    return _of(SyncNet, 2)


def _s3fd() -> State:
    from metrics.backbones.s3fd import S3FD

    return golden.detector_state(S3FD().state_dict())


def _s3fd_fan() -> State:
    return golden.to_fan(_s3fd())


def _fan() -> State:
    from metrics.backbones.fan import FAN

    return golden.fan_state(FAN().state_dict())


#: Weights id -> its seeded state under the published keys.
STATES: Mapping[str, Callable[[], State]] = {
    "lpips-alexnet": _alex,
    "lpips-vgg16": _vgg,
    "fid-inception": _inception,
    "syncnet": _syncnet,
    "s3fd-sync": _s3fd,
    "s3fd-fan": _s3fd_fan,
    "fan-2d4": _fan,
}


def write(folder: Path, changed: Mapping[str, Callable[[State], State]] = {}) -> dict[str, Path]:
    """Write every file into a folder.

    Args:
        folder: where they go; files of the same name are replaced.
        changed: weights id -> what is made of its state first.

    Returns:
        Files by id, the shipped LPIPS heads among them.

    """
    from harness.weights import resolve

    files = {}
    for name, make in STATES.items():
        state = make()
        files[name] = folder / f"{name}.pth"
        torch.save(changed[name](state) if name in changed else state, files[name])
    return files | {name: resolve(name) for name in ("lpips-alex-heads", "lpips-vgg-heads")}
