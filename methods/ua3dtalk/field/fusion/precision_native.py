"""The native kernel of `precision_fusion`, for float32 on the CPU (src/fusion.cpp)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from methods.ua3dtalk.field.native import native_core, pointers


class NativePrecisionFusion(torch.autograd.Function):
    """`precision_fusion` on V modalities [T, 2*D, N]; one kernel forward and one backward."""

    @staticmethod
    def forward(ctx: Any, *modalities: Tensor) -> tuple[Tensor, Tensor]:
        """Return the fused latents [D, N] and `left` [N], 0 where float32 lost too much."""
        modalities = tuple(modality.contiguous() for modality in modalities)
        sizes, core = _sizes(modalities), native_core()
        assert core is not None, "`usable` asks for it"
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
        core = native_core()
        assert core is not None, "the forward pass used it"
        gradient = gradient.contiguous()
        gradients = tuple(torch.empty_like(modality) for modality in modalities)
        _check(
            core.fusion_backward(
                pointers(modalities),
                *_sizes(modalities),
                fused.data_ptr(),
                state.data_ptr(),
                gradient.data_ptr(),
                pointers(gradients),
                torch.get_num_threads(),
            )
        )
        return gradients


def _sizes(modalities: Sequence[Tensor]) -> tuple[int, int, int, int]:
    members, channels, gaussians = modalities[0].shape
    return len(modalities), members, channels // 2, gaussians


def _check(status: int) -> None:
    if status:
        raise MemoryError("The fusion kernel could not allocate its working memory.")
