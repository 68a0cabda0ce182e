"""Shared parts of the probes: inputs, our side of a comparison, and differences."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import nn

from harness.contracts import Metric, MetricResult

#: Unit of a difference that is a share of the reference's largest value.
SHARE = "(relative)"

Network = TypeVar("Network", bound=nn.Module)


def noise(seed: int, height: int, width: int) -> np.ndarray:
    """White noise uint8 [height,width,3]: the worst case of every filter."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def tensor(*frames: np.ndarray, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Frames uint8 [H,W,3] as the references take them: [B,3,H,W] in 0..1."""
    return torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2).to(dtype) / 255


def largest(ours: ArrayLike, theirs: ArrayLike) -> float:
    """Largest absolute difference of two arrays of one shape."""
    if np.shape(ours) != np.shape(theirs):
        raise RuntimeError(f"shapes differ: {np.shape(ours)} and {np.shape(theirs)}")
    difference = np.abs(np.asarray(ours, np.float64) - np.asarray(theirs, np.float64))
    return float(difference.max())


def relative(ours: ArrayLike, theirs: ArrayLike) -> float:
    """The same as a share of the reference's largest value."""
    return largest(ours, theirs) / float(np.abs(np.asarray(theirs)).max())


def twin(ours: Network, theirs: nn.Module) -> Network:
    """Our network with the reference's weights."""
    ours.load_state_dict(theirs.state_dict())
    return ours.eval()


def scored(metric: Metric | str, prediction: np.ndarray, truth: np.ndarray) -> MetricResult:
    """What a metric, or the one of that id, computes for frames uint8 [B,H,W,3]."""
    from helpers import make_clip, run

    from metrics import catalog

    built = catalog.build(metric) if isinstance(metric, str) else metric
    return run(built, make_clip(len(truth), *truth.shape[1:3]), prediction, truth)
