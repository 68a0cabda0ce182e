"""Ways to join the modalities of a Gaussian into one latent.

A modality is the output of an ensemble of T networks: [T, 2*D, N], its means and then its
log-variances, Gaussians last. `mean` and `concat` take modalities without variances, [T, D, N].
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from methods.ua3dtalk.field.config import Fusion
from methods.ua3dtalk.field.fusion.precision import JITTER, LOG_VARIANCE_BOUND, precision_fusion


def join(modalities: Sequence[Tensor], fusion: Fusion) -> Tensor:
    """Join modalities by the named fusion.

    Args:
        modalities: V tensors [T, 2*D, N]; for `mean` and `concat` [T, D, N].
        fusion: see `FieldConfig.fusion`. A single member has nothing to disagree with, so at
            T = 1 `full` and `diag` are the aleatoric fusion of the schedule's first stage.

    Returns:
        [D, N]; for `concat` [V*D, N].

    """
    if fusion == "concat":
        return torch.cat([modality.mean(0) for modality in modalities])
    if fusion == "mean":
        return torch.stack([modality.mean(0) for modality in modalities]).mean(0)
    if fusion == "diag" or len(modalities[0]) == 1:
        return diagonal_fusion(modalities)
    return precision_fusion(modalities)


def diagonal_fusion(modalities: Sequence[Tensor]) -> Tensor:
    """Weigh modalities by the inverse diagonals of their covariances.

    The variance is mean_t exp(logvar_t) plus, for T >= 2, the members' unbiased variance.

    Args:
        modalities: V tensors [T, 2*D, N].

    Returns:
        [D, N].

    """
    weighted = total = modalities[0].new_zeros(())
    for modality in modalities:
        means, log_variances = modality.chunk(2, dim=1)
        bounded = log_variances.clamp(-LOG_VARIANCE_BOUND, LOG_VARIANCE_BOUND)
        variance = bounded.exp().mean(0) + JITTER
        if len(modality) > 1:
            variance = variance + means.var(0, correction=1)
        weighted = weighted + means.mean(0) / variance
        total = total + 1 / variance
    return weighted / total
