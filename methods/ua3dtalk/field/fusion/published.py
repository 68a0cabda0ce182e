"""The fusion as published and released: explicit inverses, gradients by autograd.

Not used by the field. It is what `precision_fusion` must equal and is timed against.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from methods.ua3dtalk.field.fusion.precision import JITTER, LOG_VARIANCE_BOUND


def published_fusion(modalities: Sequence[Tensor]) -> Tensor:
    """Fuse V modalities [T, 2*D, N] to [D, N] by V + 1 inverses (UA-3DTalk, Eqs. 10-12)."""
    precision = weighted = modalities[0].new_zeros(())
    for modality in modalities:
        members, log_variances = modality.permute(2, 0, 1).chunk(2, dim=2)
        mean = members.mean(1)
        centred = members - mean[:, None]
        epistemic = centred.transpose(1, 2) @ centred / (members.shape[1] - 1)
        bounded = log_variances.clamp(-LOG_VARIANCE_BOUND, LOG_VARIANCE_BOUND)
        aleatoric = bounded.exp().mean(1) + JITTER
        inverse = torch.inverse(epistemic + torch.diag_embed(aleatoric))
        precision = precision + inverse
        weighted = weighted + inverse @ mean[..., None]
    return (torch.inverse(precision) @ weighted)[..., 0].t()
