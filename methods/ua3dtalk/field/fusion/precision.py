"""Precision-weighted fusion of full covariances (UA-3DTalk, Eqs. 10-12), in low-rank form.

Published: modality i has the mean m = mean_t mu_t and the covariance
S = Cov_t(mu_t) + diag(mean_t exp(logvar_t)), and the modalities are joined as
f = (sum_i S_i^-1)^-1 sum_i S_i^-1 m_i, with V + 1 explicit D x D inverses per Gaussian.

Here, the same function: Cov_t has rank <= T - 1, so S = diag(d) + A^T A with A [T, D]. With
y = 1/d and K = I + A diag(y) A^T = L L^T (T x T), Woodbury gives
S^-1 x = y x - y A^T K^-1 A y x, and one D x D Cholesky factor of the summed precision is left.

The backward needs no matrix gradient. For g = dL/df let h = P^-1 g, P the summed precision;
per modality u = S^-1 h and w = S^-1 (m - f). Then dL/dd = -u w and dL/dA_t = -(a_t w + b_t u) with
a = A u = K^-1 A y h and b = A w = K^-1 A y (m - f). The rows of A sum to zero, hence so do a
and b, and the mean over t that centring would subtract from dL/dA vanishes.

Rounding. Where members disagree strongly against their variances, K and P are left over from a
cancellation that float32 does not survive: K's smallest eigenvalue is 1 beside others of 1e7,
and P = sum_i diag(y_i) - (what the members' spread takes away). Two measures, neither of which
changes the function in exact arithmetic:

- No pivot can end the factorisation. K - I is positive semi-definite, so each pivot of K is
  >= 1, and P is positive definite; what falls below 1, or below the rounding error of what it
  was subtracted from, is raised to it (pivots.py by eigenvalues, the kernel by pivots).
- A Gaussian of which a pivot keeps less than `FRACTION_LEFT` of its diagonal is refused by the
  float32 forms (value and gradient 0) and fused in float64, where nine more digits are left.
  K's last pivot does not count: A's rows sum to zero, so the vector of ones is always an
  eigenvector of K with eigenvalue 1, only the last pivot shows it, and whatever is wrong with
  K^-1 along it vanishes in A^T K^-1 A.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from methods.ua3dtalk.field.fusion.pivots import floored_cholesky, fraction_left
from methods.ua3dtalk.field.native import NativePrecisionFusion, usable

LOG_VARIANCE_BOUND = 8.0
"""Log-variances are clamped to +-8; the gradient is zero outside."""

JITTER = 1e-6
"""Added to every variance."""

FRACTION_LEFT = 1e-4
"""A pivot below this part of its diagonal has lost four of float32's seven digits."""


def precision_fusion(modalities: Sequence[Tensor]) -> Tensor:
    """Fuse modalities by their full covariances, with the analytic gradient.

    Args:
        modalities: V tensors [T, 2*D, N], T >= 2: an ensemble's means, then its log-variances.
            float32 or float64 on any device; float32 on the CPU goes to the native kernel
            where it could be built.

    Returns:
        [D, N].

    Raises:
        ValueError: when the modalities differ in shape, or T < 2.

    """
    shape = modalities[0].shape
    if any(modality.shape != shape for modality in modalities) or len(shape) != 3 or shape[1] % 2:
        shapes = [tuple(modality.shape) for modality in modalities]
        raise ValueError(f"modalities must all be [T, 2*D, N]; they are {shapes}")
    if shape[0] < 2:
        raise ValueError("one member has no covariance: T must be at least 2")
    kernel = NativePrecisionFusion if usable(modalities) else TorchPrecisionFusion
    return fuse_with(kernel, modalities)


def fuse_with(kernel: type[torch.autograd.Function], modalities: Sequence[Tensor]) -> Tensor:
    """Fuse by one of the two forms; in float64 those Gaussians that float32 cannot hold.

    Args:
        kernel: `TorchPrecisionFusion` or `NativePrecisionFusion`.
        modalities: as for `precision_fusion`.

    Returns:
        [D, N].

    """
    fused, left = kernel.apply(*modalities)
    if fused.dtype == torch.float64:
        return fused
    lost = (left == 0).nonzero()[:, 0]
    if not len(lost):
        return fused
    precise, _ = TorchPrecisionFusion.apply(
        *(modality[:, :, lost].double() for modality in modalities)
    )
    return fused.index_copy(1, lost, precise.to(fused.dtype))


class _Modality:
    """One modality's covariance in low-rank form, Gaussians first as torch.linalg wants them."""

    def __init__(self, modality: Tensor, factor: Tensor | None = None) -> None:
        members, self.log_variances = modality.permute(2, 0, 1).chunk(2, dim=2)  # [N, T, D]
        bounded = self.log_variances.clamp(-LOG_VARIANCE_BOUND, LOG_VARIANCE_BOUND)
        self.variances = bounded.exp()
        self.size = members.shape[1]
        self.mean = members.mean(1)
        self.spread = (members - self.mean[:, None]) / (self.size - 1) ** 0.5  # A
        self.inverse = 1 / (self.variances.mean(1) + JITTER)  # y
        self.scaled = self.spread * self.inverse[:, None]  # A y
        if factor is None:
            identity = torch.eye(self.size, dtype=modality.dtype, device=modality.device)
            inner = identity + self.scaled @ self.spread.transpose(1, 2)
            factor, self.failed = _factorise(inner, floor=1.0)
            scale = inner.diagonal(dim1=1, dim2=2)
            self.left = fraction_left(factor[:, :-1, :-1], scale[:, :-1])
        self.factor = factor  # L

    def precision(self) -> Tensor:
        """Return S^-1 [N, D, D]."""
        half = torch.linalg.solve_triangular(self.factor, self.scaled, upper=False)
        return torch.diag_embed(self.inverse) - half.transpose(1, 2) @ half

    def solve(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return S^-1 x [N, D] and A S^-1 x [N, T]."""
        inner = torch.cholesky_solve(self.scaled @ x[..., None], self.factor)
        return self.inverse * x - (self.scaled.transpose(1, 2) @ inner)[..., 0], inner[..., 0]


def _factorise(matrix: Tensor, floor: float, scale: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Return factors, and which of them failed (in float32 alone): those are the identity."""
    if matrix.dtype == torch.float64:
        never = matrix.new_zeros(len(matrix), dtype=torch.bool)
        return floored_cholesky(matrix, floor, scale), never
    factor, info = torch.linalg.cholesky_ex(matrix)
    low = (factor.diagonal(dim1=1, dim2=2) < 0.95 * floor).any(1)
    # What is NaN on entry stays NaN.
    failed = (low | (info != 0)) & matrix.isfinite().flatten(1).all(1)
    identity = torch.eye(matrix.shape[1], dtype=matrix.dtype, device=matrix.device)
    return torch.where(failed[:, None, None], identity, factor), failed


class TorchPrecisionFusion(torch.autograd.Function):
    """The plain torch form: any device, and in float64 the oracle of the native kernel."""

    @staticmethod
    def forward(ctx: Any, *modalities: Tensor) -> tuple[Tensor, Tensor]:
        """Return [D, N] for V modalities [T, 2*D, N], and `left` [N], 0 where refused."""
        precision = weighted = scale = modalities[0].new_zeros(())
        factors, fractions, failures = [], [], []
        for modality in map(_Modality, modalities):
            precision = precision + modality.precision()
            weighted = weighted + modality.solve(modality.mean)[0]
            scale = scale + modality.inverse
            factors.append(modality.factor)
            fractions.append(modality.left)
            failures.append(modality.failed)
        cholesky, failed = _factorise(precision, floor=0.0, scale=scale)
        left = torch.stack([*fractions, fraction_left(cholesky, scale)]).amin(0)
        if precision.dtype != torch.float64:
            refused = (left < FRACTION_LEFT) | torch.stack([*failures, failed]).any(0)
            lost = refused.nonzero()[:, 0]
            if len(lost):
                left[lost], weighted[lost] = 0, 0
                for factor in (cholesky, *factors):
                    factor[lost] = torch.eye(factor.shape[1]).to(factor)
        fused = torch.cholesky_solve(weighted[..., None], cholesky)[..., 0]
        ctx.save_for_backward(cholesky, fused, *factors, *modalities)
        ctx.mark_non_differentiable(left)
        return fused.t().contiguous(), left

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor, _: Tensor) -> tuple[Tensor, ...]:
        """Return the gradient of each modality."""
        cholesky, fused, *saved = ctx.saved_tensors
        factors, modalities = saved[: len(saved) // 2], saved[len(saved) // 2 :]
        right = torch.cholesky_solve(gradient.t()[..., None], cholesky)[..., 0]
        gradients = []
        for factor, tensor in zip(factors, modalities, strict=True):
            modality = _Modality(tensor, factor)
            u, a = modality.solve(right)
            w, b = modality.solve(modality.mean - fused)
            spread = -(a[:, :, None] * w[:, None] + b[:, :, None] * u[:, None])
            members = spread / (modality.size - 1) ** 0.5 + u[:, None] / modality.size
            inside = modality.log_variances.abs() <= LOG_VARIANCE_BOUND
            logs = (-u * w / modality.size)[:, None] * modality.variances * inside
            gradients.append(torch.cat([members, logs], dim=2).permute(1, 2, 0).contiguous())
        return tuple(gradients)
