"""The field's kernels in the native core, with their C signatures declared.

Sources: methods/gaussians/native/src/fusion.cpp and planes.cpp. The kernels serve float32 on
the CPU; everything else, and a machine without a compiler, takes the torch versions.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor

from methods.gaussians.native import library

_POINTER, _INT, _INT64, _FLOAT = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64, ctypes.c_float


@cache
def native_core() -> ctypes.CDLL | None:
    """The native core for this CPU, or None where there is none."""
    return declare(library.load())


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
