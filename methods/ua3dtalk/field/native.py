"""The field's kernels in the native core: the tri-plane encoder and the precision fusion.

Sources: methods/gaussians/native/src/planes.cpp and fusion.cpp. The kernels serve float32 on
the CPU; everything else, and a machine without a compiler, takes the torch versions.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from methods.gaussians.native import library

_POINTER, _INT, _INT64, _FLOAT = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64, ctypes.c_float

MAX_CHANNELS = 256
"""Of a plane: kMaxChannels of planes.cpp."""


@cache
def native_core() -> ctypes.CDLL | None:
    """The native core for this CPU, or None where there is none."""
    return declare(library.load())


def _core() -> ctypes.CDLL:
    core = native_core()
    assert core is not None, "`usable` has said so"
    return core


def declare(core: ctypes.CDLL | None) -> ctypes.CDLL | None:
    """Declare the field's C signatures on a loaded core."""
    if core is not None:
        fusion: list[Any] = [_INT, _INT, _INT, _INT64]
        core.fusion_state_size.argtypes = fusion
        core.fusion_state_size.restype = _INT64
        core.fusion_forward.argtypes = [_POINTER, *fusion, *[_POINTER] * 3, _INT]
        core.fusion_backward.argtypes = [_POINTER, *fusion, *[_POINTER] * 4, _INT]
        planes: list[Any] = [_POINTER, _POINTER, _INT, _INT, _POINTER, _FLOAT, _INT64]
        core.planes_forward.argtypes = [*planes, _POINTER, _POINTER, _INT]
        core.planes_forward.restype = None
        core.planes_backward.argtypes = [*planes, *[_POINTER] * 4, _INT]
        core.planes_backward.restype = None
    return core


def usable(tensors: Sequence[Tensor]) -> bool:
    """Whether the kernels can take these tensors."""
    plain = all(each.device.type == "cpu" and each.dtype == torch.float32 for each in tensors)
    return plain and native_core() is not None


def pointers(tensors: Sequence[Tensor]) -> ctypes.Array:
    """Addresses of tensors as a C array; the caller keeps the tensors alive."""
    return (_POINTER * len(tensors))(*(each.data_ptr() for each in tensors))


def planes_usable(means: Tensor, grids: Sequence[Tensor]) -> bool:
    """Whether the kernel of the planes can take these tensors."""
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
        _core().planes_forward(
            *_planes_problem(bound, means, grids),
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
        _core().planes_backward(
            *_planes_problem(ctx.bound, means, grids),
            samples.data_ptr(),
            gradient.data_ptr(),
            pointers(grid_gradients),
            None if means_gradient is None else means_gradient.data_ptr(),
            torch.get_num_threads(),
        )
        return None, means_gradient, *grid_gradients


def _planes_problem(bound: float, means: Tensor, grids: Sequence[Tensor]) -> tuple:
    sides = (ctypes.c_int * len(grids))(*(grid.shape[1] for grid in grids))
    channels = grids[0].shape[-1]
    return pointers(grids), sides, len(grids), channels, means.data_ptr(), 1 / bound, len(means)


class NativePrecisionFusion(torch.autograd.Function):
    """`precision_fusion` on V modalities [T, 2*D, N]; one kernel forward and one backward."""

    @staticmethod
    def forward(ctx: Any, *modalities: Tensor) -> tuple[Tensor, Tensor]:
        """Return the fused latents [D, N] and `left` [N], 0 where float32 lost too much."""
        modalities = tuple(modality.contiguous() for modality in modalities)
        sizes, core = _fusion_sizes(modalities), _core()
        fused = modalities[0].new_empty(sizes[2], sizes[3])
        left = modalities[0].new_empty(sizes[3])
        ctx.mark_non_differentiable(left)
        state = None
        if any(ctx.needs_input_grad):
            state = modalities[0].new_empty(core.fusion_state_size(*sizes))
            ctx.save_for_backward(fused, state, *modalities)
        _check(
            core.fusion_forward(
                pointers(modalities),
                *sizes,
                fused.data_ptr(),
                left.data_ptr(),
                None if state is None else state.data_ptr(),
                torch.get_num_threads(),
            )
        )
        return fused, left

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor, _: Tensor) -> tuple[Tensor, ...]:
        """Return the gradient of each modality."""
        fused, state, *modalities = ctx.saved_tensors
        gradient = gradient.contiguous()
        gradients = tuple(torch.empty_like(modality) for modality in modalities)
        _check(
            _core().fusion_backward(
                pointers(modalities),
                *_fusion_sizes(modalities),
                fused.data_ptr(),
                state.data_ptr(),
                gradient.data_ptr(),
                pointers(gradients),
                torch.get_num_threads(),
            )
        )
        return gradients


def _fusion_sizes(modalities: Sequence[Tensor]) -> tuple[int, int, int, int]:
    members, channels, gaussians = modalities[0].shape
    return len(modalities), members, channels // 2, gaussians


def _check(status: int) -> None:
    if status:
        raise MemoryError("The fusion kernel could not allocate its working memory.")
