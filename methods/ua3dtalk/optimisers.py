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


def motion_optimiser(field: FaceField | MouthField, factor: float) -> torch.optim.AdamW:
    """AdamW over a field's parameter groups.

    Args:
        field: whose parameters.
        factor: on every learning rate (`TrainConfig.motion_rate`).

    """
    is_face = isinstance(field, FaceField)
    rates = FACE_MOTION_RATES if is_face else MOUTH_MOTION_RATES
    decays = EXPLICIT_WEIGHT_DECAY if is_face else MOUTH_WEIGHT_DECAY
    groups = [
        {
            "params": parameters,
            "name": name,
            "lr": rates[name] * factor,
            "base": rates[name] * factor,
            "weight_decay": decays.get(name, ADAMW_WEIGHT_DECAY),
        }
        for name, parameters in field.param_groups().items()
    ]
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
