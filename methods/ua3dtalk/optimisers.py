"""Optimisers of the deformation fields and of the Gaussians, with the published rates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch

from methods.gaussians.model import Gaussians
from methods.ua3dtalk.field import FaceField, MouthField
from methods.ua3dtalk.schedule import (
    ADAMW_WEIGHT_DECAY,
    EPSILON,
    EXPLICIT_WEIGHT_DECAY,
    FACE_MOTION_RATES,
    GAUSSIAN_EPSILON,
    MOTION_BETAS,
    MOUTH_MOTION_RATES,
    MOUTH_WEIGHT_DECAY,
)


def motion_optimiser(
    field: FaceField | MouthField, factor: float, audio_factor: float
) -> torch.optim.AdamW:
    """AdamW over a field's parameter groups.

    Args:
        field: whose parameters.
        factor: on the learning rates (`TrainConfig.motion_rate`).
        audio_factor: on those of the audio encoder (`TrainConfig.audio_rate`).

    """
    is_face = isinstance(field, FaceField)
    rates = FACE_MOTION_RATES if is_face else MOUTH_MOTION_RATES
    decays = EXPLICIT_WEIGHT_DECAY if is_face else MOUTH_WEIGHT_DECAY
    encoder = {id(p) for p in (*field.audio.net.parameters(), *field.audio.frames.parameters())}
    groups = []
    for name, parameters in field.param_groups().items():
        for inside, scale in ((False, factor), (True, audio_factor)):
            chosen = [p for p in parameters if (id(p) in encoder) == inside]
            if chosen:
                rate = rates[name] * scale
                decay = decays.get(name, ADAMW_WEIGHT_DECAY)
                groups.append(
                    {
                        "params": chosen,
                        "name": name,
                        "lr": rate,
                        "base": rate,
                        "weight_decay": decay,
                    }
                )
    return torch.optim.AdamW(groups, betas=MOTION_BETAS, eps=EPSILON, fused=True)


def gaussian_optimiser(gaussians: Gaussians, rates: Mapping[str, float]) -> torch.optim.Adam | None:
    """Adam with one group per parameter that learns, named after it; None where none does."""
    if not rates:
        return None
    groups = [
        {"params": [getattr(gaussians, name)], "name": name, "lr": rate, "base": rate}
        for name, rate in rates.items()
    ]
    return torch.optim.Adam(groups, eps=GAUSSIAN_EPSILON, fused=True)


def set_rates(groups: Iterable[dict[str, Any]], factor: float) -> None:
    """Set the rate of optimiser groups to their base times `factor`."""
    for group in groups:
        group["lr"] = group["base"] * factor
