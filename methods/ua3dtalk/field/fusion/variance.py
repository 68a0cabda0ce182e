"""How sure the fusion is: the variance of the fused latent (UA-3DTalk, Eq. 12).

Nothing in training or rendering needs it; `benchmarks/calibration.py` compares it with errors.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from methods.ua3dtalk.field.config import Fusion
from methods.ua3dtalk.field.fusion.precision import JITTER, LOG_VARIANCE_BOUND


@torch.no_grad()
def fused_variance(modalities: Sequence[Tensor], fusion: Fusion) -> Tensor:
    """Mean variance of the fused latent's coordinates, trace((sum_i S_i^-1)^-1) / D.

    Args:
        modalities: V tensors [T, 2*D, N]: an ensemble's means, then its log-variances.
        fusion: `full`, or `diag`, which knows no covariances; nor does `full` at T = 1.

    Returns:
        float64 [N].

    Raises:
        ValueError: a fusion that has no variance.

    """
    if fusion not in ("full", "diag"):
        raise ValueError(f"the fusion {fusion!r} has no variance")
    total = None
    for modality in modalities:
        means, log_variances = modality.double().permute(2, 0, 1).chunk(2, dim=2)  # [N, T, D]
        bounded = log_variances.clamp(-LOG_VARIANCE_BOUND, LOG_VARIANCE_BOUND)
        covariance = torch.diag_embed(bounded.exp().mean(1) + JITTER)
        if means.shape[1] > 1:
            centred = means - means.mean(1, keepdim=True)
            spread = centred.transpose(1, 2) @ centred / (means.shape[1] - 1)
            if fusion == "diag":
                spread = torch.diag_embed(spread.diagonal(dim1=1, dim2=2))
            covariance = covariance + spread
        precision = torch.linalg.inv(covariance)
        total = precision if total is None else total + precision
    assert total is not None, "a field has at least one modality"
    return torch.linalg.inv(total).diagonal(dim1=1, dim2=2).mean(1)
