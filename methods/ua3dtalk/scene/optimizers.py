"""Optimizers of the deformation fields and of the Gaussians, with the published rates.

Source: UA-3DTalk's released `train_face.py`, `train_mouth.py`, `train_fuse.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch

from methods.gaussians.model import Gaussians
from methods.ua3dtalk.field.deformation import DeformationField

#: Learning rates of the deformation fields by parameter group.
FACE_MOTION_RATES = {
    "grids": 5e-3,
    "nets": 5e-4,
    "attention": 5e-4,
    "audio": 5e-4,
    "audio_attention": 2.5e-3,
    "fuse": 5e-4,
    "decoder": 5e-4,
}
MOUTH_MOTION_RATES = {**FACE_MOTION_RATES, "fuse": 5e-3, "decoder": 5e-3}

#: Weight decay; where the released code gives none it is AdamW's own.
ADAMW_WEIGHT_DECAY = 1e-2
FACE_WEIGHT_DECAY = {**dict.fromkeys(FACE_MOTION_RATES, 0.0), "grids": ADAMW_WEIGHT_DECAY}
FACE_WEIGHT_DECAY["audio_attention"] = 1e-4
MOUTH_WEIGHT_DECAY = {
    **FACE_WEIGHT_DECAY,
    "fuse": ADAMW_WEIGHT_DECAY,
    "decoder": ADAMW_WEIGHT_DECAY,
}
#: Groups that take larger steps in a short schedule, and the power of the factor by which: a texel
#: of a plane is seen by few Gaussians, the networks by all. The audio encoder is deep and dies of
#: large steps; the attention starts at its working size (`attention_init`); and the mouth's fusion
#: and decoder have ten times the face's rate as published.
FACE_SCALED = {"grids": 1.5, "nets": 1.0, "fuse": 1.0, "decoder": 1.0}
MOUTH_SCALED = {"grids": 1.5}
MOTION_BETAS = (0.9, 0.99)
EPSILON = 1e-8

#: Learning rates of the Gaussians. Positions decay from the first value to the second; both are
#: for a scene of extent 1.
MEANS_RATES = (1.6e-4, 1.6e-6)
GAUSSIAN_RATES = {
    "sh0": 2.5e-3,
    "shN": 2.5e-3 / 20,  # 3DGS's ratio of the higher degrees
    "opacities": 0.05,
    "scales": 3e-3,
    "quats": 1e-3,
}
GAUSSIAN_EPSILON = 1e-15
FUSE_RATES = {"sh0": 2.5e-3, "shN": 2.5e-3 / 20}


def motion_optimizer(field: DeformationField, factor: float) -> torch.optim.AdamW:
    """AdamW over a field's parameter groups.

    Args:
        field: whose parameters.
        factor: on the learning rates, to the powers of `FACE_SCALED` or `MOUTH_SCALED`.

    """
    rates = FACE_MOTION_RATES if field.is_face else MOUTH_MOTION_RATES
    decays = FACE_WEIGHT_DECAY if field.is_face else MOUTH_WEIGHT_DECAY
    scaled = FACE_SCALED if field.is_face else MOUTH_SCALED
    groups = []
    for name, parameters in field.param_groups().items():
        if parameters:
            rate = rates[name] * factor ** scaled.get(name, 0.0)
            groups.append(
                {
                    "params": parameters,
                    "name": name,
                    "lr": rate,
                    "base": rate,
                    "weight_decay": decays[name],
                }
            )
    return torch.optim.AdamW(groups, betas=MOTION_BETAS, eps=EPSILON, fused=True)


def gaussian_optimizer(gaussians: Gaussians, rates: Mapping[str, float]) -> torch.optim.Adam:
    """Adam with one group per parameter that learns, named after it."""
    groups = [
        {"params": [getattr(gaussians, name)], "name": name, "lr": rate, "base": rate}
        for name, rate in rates.items()
    ]
    # An optimizer refuses to be without a group, as that of a cloud for rendering is.
    return torch.optim.Adam(groups or [{"params": []}], eps=GAUSSIAN_EPSILON, fused=True)


def set_rates(groups: Iterable[dict[str, Any]], factor: float) -> None:
    """Set the rate of optimizer groups to their base times `factor`."""
    for group in groups:
        group["lr"] = group["base"] * factor
