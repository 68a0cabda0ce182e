"""Optimisers of the deformation fields and of the Gaussians, with the published rates."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from methods.ua3dtalk.field import FaceField, MouthField
from methods.ua3dtalk.schedule import (
    ADAMW_WEIGHT_DECAY,
    EPSILON,
    EXPLICIT_WEIGHT_DECAY,
    FACE_MOTION_RATES,
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


def set_rates(optimiser: torch.optim.Optimizer, factor: float) -> None:
    """Set every group's rate to its base times `factor`."""
    for group in optimiser.param_groups:
        group["lr"] = group["base"] * factor


def gaussian_groups(
    parameters: Mapping[str, torch.nn.Parameter], rates: Mapping[str, float]
) -> list[dict]:
    """One Adam group per named tensor of the Gaussians."""
    return [{"params": [parameters[n]], "name": n, "lr": r, "base": r} for n, r in rates.items()]
