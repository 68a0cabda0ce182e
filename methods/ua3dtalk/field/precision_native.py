"""The native kernel of `precision_fusion`, for float32 on the CPU.

The source is methods/gaussians/native/src/fusion.cpp, compiled with the splatting core.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from methods.gaussians.native import library

_POINTER, _INT, _INT64 = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64


@cache
def native_library() -> ctypes.CDLL | None:
    """The native core with the fusion's signatures declared, or None where there is none."""
    return declare(library.load())


def declare(core: ctypes.CDLL | None) -> ctypes.CDLL | None:
    """Declare the C signatures of src/fusion.cpp on a loaded core."""
    if core is not None:
        sizes = [_INT, _INT, _INT, _INT64]
        core.fusion_state_size.argtypes = sizes
        core.fusion_state_size.restype = _INT64
        core.fusion_forward.argtypes = [_POINTER, *sizes, _POINTER, _POINTER, _INT]
        core.fusion_backward.argtypes = [_POINTER, *sizes, *[_POINTER] * 4, _INT]
    return core


def usable(views: Sequence[Tensor]) -> bool:
    """Whether the kernel can take these views."""
    plain = all(view.device.type == "cpu" and view.dtype == torch.float32 for view in views)
    return plain and native_library() is not None


class NativePrecisionFusion(torch.autograd.Function):
    """`precision_fusion` on V views [T, 2*D, N]; one kernel forward and one backward."""

    @staticmethod
    def forward(ctx, *views: Tensor) -> Tensor:
        """Return the fused latents [D, N]."""
        views = tuple(view.contiguous() for view in views)
        sizes = _sizes(views)
        fused = views[0].new_empty(sizes[2], sizes[3])
        state = None
        if any(ctx.needs_input_grad):
            state = views[0].new_empty(native_library().fusion_state_size(*sizes))
            ctx.save_for_backward(fused, state, *views)
        _check(
            native_library().fusion_forward(
                _pointers(views),
                *sizes,
                fused.data_ptr(),
                None if state is None else state.data_ptr(),
                torch.get_num_threads(),
            )
        )
        return fused

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, ...]:
        """Return the gradient of each view."""
        fused, state, *views = ctx.saved_tensors
        gradient = gradient.contiguous()
        gradients = tuple(torch.empty_like(view) for view in views)
        _check(
            native_library().fusion_backward(
                _pointers(views),
                *_sizes(views),
                fused.data_ptr(),
                state.data_ptr(),
                gradient.data_ptr(),
                _pointers(gradients),
                torch.get_num_threads(),
            )
        )
        return gradients


def _sizes(views: Sequence[Tensor]) -> tuple[int, int, int, int]:
    members, channels, gaussians = views[0].shape
    return len(views), members, channels // 2, gaussians


def _pointers(tensors: Sequence[Tensor]) -> ctypes.Array:
    return (_POINTER * len(tensors))(*(tensor.data_ptr() for tensor in tensors))


def _check(status: int) -> None:
    if status:
        raise MemoryError("The fusion kernel could not allocate its working memory.")
