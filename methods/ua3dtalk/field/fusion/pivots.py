"""A batched Cholesky factor that rounding cannot break, and a measure of what rounding cost.

A matrix that is positive definite by construction may, after a strong cancellation, show a
pivot <= 0 in the machine's arithmetic, and its plain factor is NaN from there on. Where
a pivot falls below a floor that it cannot reach in exact arithmetic, the
eigenvalues are raised to it.
"""

from __future__ import annotations

import torch
from torch import Tensor

ROUNDING = 32
"""A pivot below this many machine epsilons of its diagonal holds nothing but rounding error."""


def floored_cholesky(matrix: Tensor, floor: float, scale: Tensor | None = None) -> Tensor:
    """Return Cholesky factors with eigenvalues raised to max(floor, 32 eps * scale).

    Assumed: in exact arithmetic the eigenvalues, hence the pivots, are > 0 and >= `floor`.
    Then the first bound changes nothing that is true, and the second only what rounding has
    already replaced: in exact arithmetic (eps = 0) the factor is the plain one. Matrices whose
    plain factor respects the floor keep it bit for bit. NaN stays NaN.

    Args:
        matrix: [N, D, D], symmetric.
        floor: lower bound of every eigenvalue, >= 0.
        scale: [N, D], size of the terms that each diagonal entry was summed from; by default
            the diagonal itself.

    Returns:
        [N, D, D].

    """
    scale = matrix.diagonal(dim1=1, dim2=2) if scale is None else scale
    rounding = ROUNDING * torch.finfo(matrix.dtype).eps
    factor, info = torch.linalg.cholesky_ex(matrix)
    pivots = factor.diagonal(dim1=1, dim2=2).square()
    sound = (pivots >= (rounding * scale).clamp(min=floor) * (1 - 1e-6)).all(1) & (info == 0)
    if not sound.all():
        finite = matrix.isfinite().flatten(1).all(1)
        factor[~finite] = torch.nan
        broken = (~sound & finite).nonzero()[:, 0]
        factor[broken] = _by_eigenvalues(matrix[broken], floor, scale[broken], rounding)
    return factor


def _by_eigenvalues(matrix: Tensor, floor: float, scale: Tensor, rounding: float) -> Tensor:
    # Raising single pivots would let the noise of one column grow in the next; raising
    # eigenvalues cannot. R of the root's QR is the transposed Cholesky factor, up to signs.
    root = scale.sqrt()
    values, vectors = torch.linalg.eigh(matrix / root[:, :, None] / root[:, None])
    lowest = torch.maximum(floor / scale.amax(1), rounding * values[:, -1].clamp(min=1))
    values = torch.maximum(values, lowest[:, None])
    upper = torch.linalg.qr(values.sqrt()[:, :, None] * vectors.transpose(1, 2), mode="r").R
    return root[:, :, None] * upper.transpose(1, 2)


def fraction_left(factor: Tensor, scale: Tensor) -> Tensor:
    """Return the smallest pivot / scale [N] of factors [N, D, D] and scales [N, D].

    A pivot is what is left of its diagonal entry after subtraction, so its relative rounding
    error is about eps / fraction. A NaN stays.
    """
    return (factor.diagonal(dim1=1, dim2=2).square() / scale).amin(1)
