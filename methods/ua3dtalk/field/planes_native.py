"""The native kernel of the tri-plane encoder, for float32 on the CPU (src/planes.cpp)."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from methods.ua3dtalk.field.native import native_core, pointers, usable

MAX_CHANNELS = 256
"""The kernel's kMaxChannels."""


def planes_usable(means: Tensor, grids: Sequence[Tensor]) -> bool:
    """Whether the kernel can take these tensors."""
    return grids[0].shape[-1] <= MAX_CHANNELS and usable([means, *grids])


class NativePlanes(torch.autograd.Function):
    """All scales at once: bound, means [N, 3], grids [3, R, R, C] to [scales * C, N]."""

    @staticmethod
    def forward(ctx: Any, bound: float, means: Tensor, *planes: Tensor) -> Tensor:
        """Return the products over the planes."""
        means, grids = means.contiguous(), [grid.contiguous() for grid in planes]
        scales, channels, points = len(grids), grids[0].shape[-1], len(means)
        encoded = means.new_empty(scales * channels, points)
        samples = None
        if any(ctx.needs_input_grad):
            samples = means.new_empty(scales, points, 3, channels)
            ctx.bound = bound
            ctx.save_for_backward(samples, means, *grids)
        core = native_core()
        assert core is not None, "`planes_usable` asks for it"
        core.planes_forward(
            *_problem(bound, means, grids),
            encoded.data_ptr(),
            None if samples is None else samples.data_ptr(),
            torch.get_num_threads(),
        )
        return encoded

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of the means (where asked for) and of the grids."""
        samples, means, *grids = ctx.saved_tensors
        gradient = gradient.contiguous()
        grid_gradients = [torch.empty_like(grid) for grid in grids]
        means_gradient = torch.empty_like(means) if ctx.needs_input_grad[1] else None
        core = native_core()
        assert core is not None, "the forward pass used it"
        core.planes_backward(
            *_problem(ctx.bound, means, grids),
            samples.data_ptr(),
            gradient.data_ptr(),
            pointers(grid_gradients),
            None if means_gradient is None else means_gradient.data_ptr(),
            torch.get_num_threads(),
        )
        return None, means_gradient, *grid_gradients


def _problem(bound: float, means: Tensor, grids: Sequence[Tensor]) -> tuple:
    sides = (ctypes.c_int * len(grids))(*(grid.shape[1] for grid in grids))
    channels = grids[0].shape[-1]
    return pointers(grids), sides, len(grids), channels, means.data_ptr(), 1 / bound, len(means)
