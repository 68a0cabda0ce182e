"""Precision-weighted fusion of full covariances (UA-3DTalk, Eqs. 10-12), in low-rank form.

Published: view i has the mean m = mean_t mu_t and the covariance
S = Cov_t(mu_t) + diag(mean_t exp(logvar_t)), and the views are joined as
f = (sum_i S_i^-1)^-1 sum_i S_i^-1 m_i, with V + 1 explicit D x D inverses per Gaussian.

Here, the same function: Cov_t has rank <= T - 1, so S = diag(d) + A^T A with A [T, D]. With
y = 1/d and K = I + A diag(y) A^T = L L^T (T x T), Woodbury gives
S^-1 x = y x - y A^T K^-1 A y x, and one D x D Cholesky factor of the summed precision is left.

The backward needs no matrix gradient. For g = dL/df let h = P^-1 g, P the summed precision;
per view u = S^-1 h and w = S^-1 (m - f). Then dL/dd = -u w and dL/dA_t = -(a_t w + b_t u) with
a = A u = K^-1 A y h and b = A w = K^-1 A y (m - f). The rows of A sum to zero, hence so do a
and b, and the mean over t that centring would subtract from dL/dA vanishes.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from methods.ua3dtalk.field.native import usable
from methods.ua3dtalk.field.precision_native import NativePrecisionFusion

LOG_VARIANCE_BOUND = 8.0
"""Log-variances are clamped to +-8; the gradient is zero outside."""

JITTER = 1e-6
"""Added to every variance."""


def precision_fusion(views: Sequence[Tensor]) -> Tensor:
    """Fuse views by their full covariances, with the analytic gradient.

    Args:
        views: V tensors [T, 2*D, N], T >= 2: an ensemble's means, then its log-variances.
            float32 or float64 on any device; float32 on the CPU goes to the native kernel
            where it could be built.

    Returns:
        [D, N].

    Raises:
        ValueError: when the views differ in shape, or T < 2.

    """
    shape = views[0].shape
    if any(view.shape != shape for view in views) or len(shape) != 3 or shape[1] % 2:
        shapes = [tuple(view.shape) for view in views]
        raise ValueError(f"views must all be [T, 2*D, N]; they are {shapes}")
    if shape[0] < 2:
        raise ValueError("one member has no covariance: T must be at least 2")
    kernel = NativePrecisionFusion if usable(views) else TorchPrecisionFusion
    return kernel.apply(*views)


class _View:
    """One view's covariance in low-rank form, Gaussians first as torch.linalg wants them."""

    def __init__(self, view: Tensor, factor: Tensor | None = None) -> None:
        members, self.log_variances = view.permute(2, 0, 1).chunk(2, dim=2)  # [N, T, D]
        bounded = self.log_variances.clamp(-LOG_VARIANCE_BOUND, LOG_VARIANCE_BOUND)
        self.variances = bounded.exp()
        self.size = members.shape[1]
        self.mean = members.mean(1)
        self.spread = (members - self.mean[:, None]) / (self.size - 1) ** 0.5  # A
        self.inverse = 1 / (self.variances.mean(1) + JITTER)  # y
        self.scaled = self.spread * self.inverse[:, None]  # A y
        if factor is None:
            identity = torch.eye(self.size, dtype=view.dtype, device=view.device)
            inner = identity + self.scaled @ self.spread.transpose(1, 2)
            factor, _ = torch.linalg.cholesky_ex(inner)
        self.factor = factor  # L

    def precision(self) -> Tensor:
        """Return S^-1 [N, D, D]."""
        half = torch.linalg.solve_triangular(self.factor, self.scaled, upper=False)
        return torch.diag_embed(self.inverse) - half.transpose(1, 2) @ half

    def solve(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return S^-1 x [N, D] and A S^-1 x [N, T]."""
        inner = torch.cholesky_solve(self.scaled @ x[..., None], self.factor)
        return self.inverse * x - (self.scaled.transpose(1, 2) @ inner)[..., 0], inner[..., 0]


class TorchPrecisionFusion(torch.autograd.Function):
    """The plain torch form: any device, and in float64 the oracle of the native kernel."""

    @staticmethod
    def forward(ctx, *views: Tensor) -> Tensor:
        """Return [D, N] for V views [T, 2*D, N]."""
        precision, weighted, factors = 0.0, 0.0, []
        for view in map(_View, views):
            precision = precision + view.precision()
            weighted = weighted + view.solve(view.mean)[0]
            factors.append(view.factor)
        cholesky, _ = torch.linalg.cholesky_ex(precision)
        fused = torch.cholesky_solve(weighted[..., None], cholesky)[..., 0]
        ctx.save_for_backward(cholesky, fused, *factors, *views)
        return fused.t().contiguous()

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, ...]:
        """Return the gradient of each view."""
        cholesky, fused, *saved = ctx.saved_tensors
        factors, views = saved[: len(saved) // 2], saved[len(saved) // 2 :]
        right = torch.cholesky_solve(gradient.t()[..., None], cholesky)[..., 0]
        gradients = []
        for factor, tensor in zip(factors, views, strict=True):
            view = _View(tensor, factor)
            u, a = view.solve(right)
            w, b = view.solve(view.mean - fused)
            spread = -(a[:, :, None] * w[:, None] + b[:, :, None] * u[:, None])
            members = spread / (view.size - 1) ** 0.5 + u[:, None] / view.size
            inside = view.log_variances.abs() <= LOG_VARIANCE_BOUND
            logs = (-u * w / view.size)[:, None] * view.variances * inside
            gradients.append(torch.cat([members, logs], dim=2).permute(1, 2, 0).contiguous())
        return tuple(gradients)
