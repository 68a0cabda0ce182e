"""The C ABI of `src/c_abi.cpp` and `src/stages.h`, as ctypes.

Pointers are passed as integers (`Tensor.data_ptr()`); None is a null pointer. Whoever calls
keeps the tensors alive and contiguous.
"""

from __future__ import annotations

import ctypes
from ctypes import c_float, c_int, c_int32, c_int64, c_void_p
from dataclasses import astuple
from functools import cache

from harness.contracts.errors import BadInput
from methods.gaussians.native import library
from methods.gaussians.request import THRESHOLDS, Thresholds


def _pointers(*names: str) -> tuple[tuple[str, type[c_void_p]], ...]:
    return tuple((name, c_void_p) for name in names)


class CameraStruct(ctypes.Structure):
    """`SplatCamera`."""

    _fields_ = (
        ("viewmat", c_void_p),
        ("intrinsics", c_void_p),
        ("width", c_int32),
        ("height", c_int32),
        ("near_plane", c_float),
        ("far_plane", c_float),
        ("radius_clip", c_float),
        ("eps2d", c_float),
        ("antialiased", c_int32),
    )


class ThresholdsStruct(ctypes.Structure):
    """`splat::Thresholds`, in the order of the Python dataclass."""

    _fields_ = tuple((name, c_float) for name in Thresholds.__dataclass_fields__)


class GaussiansStruct(ctypes.Structure):
    """`splat::Gaussians`."""

    _fields_ = (("count", c_int64), *_pointers("means", "quats", "scales", "opacities"))


class Projection(ctypes.Structure):
    """`splat::Projection`."""

    _fields_ = _pointers("radii", "means2d", "depths", "conics", "compensations")


class ProjectionGradients(ctypes.Structure):
    """`splat::ProjectionGradients`."""

    _fields_ = (
        *_pointers("v_means2d", "v_depths", "v_conics", "v_compensations"),
        *_pointers("v_means", "v_quats", "v_scales", "v_viewmat"),
    )


class HarmonicsStruct(ctypes.Structure):
    """`splat::Harmonics`."""

    _fields_ = (
        ("count", c_int64),
        ("bases", c_int64),
        ("degree", c_int32),
        *_pointers("means", "centre", "coefficients", "radii"),
    )


class Image(ctypes.Structure):
    """`splat::Image`."""

    _fields_ = (
        ("colors", c_void_p),
        ("depths", c_void_p),
        ("color_channels", c_int32),
        ("with_depth", c_int32),
        *_pointers("background", "pixels", "alphas"),
        ("keep", c_int32),
    )


class ImageGradients(ctypes.Structure):
    """`splat::ImageGradients`."""

    _fields_ = (
        *_pointers("v_pixels", "v_alphas", "background", "conics", "v_means2d", "v_means2d_abs"),
        *_pointers("v_conics", "v_opacities", "v_colors", "v_depths"),
        ("color_channels", c_int32),
    )


_STRUCTS = (
    CameraStruct,
    ThresholdsStruct,
    GaussiansStruct,
    Projection,
    ProjectionGradients,
    HarmonicsStruct,
    Image,
    ImageGradients,
)

#: Arguments of the functions that return a status; structs go by reference.
_ARGUMENTS: dict[str, tuple[type, ...]] = {
    "splat_project": (c_void_p, CameraStruct, ThresholdsStruct, GaussiansStruct, Projection, c_int),
    "splat_project_backward": (
        CameraStruct,
        ThresholdsStruct,
        GaussiansStruct,
        Projection,
        ProjectionGradients,
        c_int,
    ),
    "splat_harmonics": (HarmonicsStruct, c_void_p, c_int),
    "splat_harmonics_backward": (HarmonicsStruct, c_void_p, c_void_p, c_void_p, c_int),
    "splat_render": (c_void_p, Image, c_int),
    "splat_render_backward": (c_void_p, ImageGradients, c_int),
}

OK, NOT_FINITE, OUT_OF_MEMORY, TOO_MANY_INTERSECTIONS = range(4)

#: `THRESHOLDS` as the core reads them.
THRESHOLDS_STRUCT = ThresholdsStruct(*astuple(THRESHOLDS))


class NotFinite(Exception):
    """A NaN or an infinity reached the core; the caller knows the tensors' names."""


class Kernels:
    """One loaded library with its functions declared."""

    def __init__(self, lib: ctypes.CDLL) -> None:
        sizes = (c_int64 * len(_STRUCTS))()
        lib.splat_struct_sizes(sizes)
        if list(sizes) != [ctypes.sizeof(struct) for struct in _STRUCTS]:
            raise RuntimeError("kernels.py and stages.h disagree about a struct")
        lib.splat_frame_acquire.restype = c_void_p
        lib.splat_frame_release.argtypes = [c_void_p]
        lib.splat_frame_release.restype = None
        for name, kinds in _ARGUMENTS.items():
            getattr(lib, name).argtypes = [
                ctypes.POINTER(kind) if issubclass(kind, ctypes.Structure) else kind
                for kind in kinds
            ]
        self.lib = lib

    def call(self, name: str, *arguments: object) -> None:
        """Call a function that returns a status; turn a failure into an exception."""
        status = getattr(self.lib, name)(*arguments)
        if status == OK:
            return
        if status == NOT_FINITE:
            raise NotFinite
        if status == OUT_OF_MEMORY:
            raise MemoryError(f"{name}: no memory for the rasteriser's buffers")
        raise BadInput(
            "rasterize",
            "the Gaussians cover more tiles than the lists can hold",
            "Render a smaller image, or limit the scales.",
        )


class FrameHandle:
    """A frame of the core, given back to its pool when no graph needs it any more."""

    __slots__ = ("address", "kernels")

    def __init__(self, kernels: Kernels) -> None:
        self.kernels = kernels
        self.address = kernels.lib.splat_frame_acquire()
        if not self.address:
            raise MemoryError("no memory for the rasteriser's frame")

    def __del__(self) -> None:
        if self.address:
            self.kernels.lib.splat_frame_release(self.address)


def load_kernels() -> Kernels | None:
    """Kernels of this CPU, or None without a native core."""
    lib = library.load()
    return None if lib is None else _kernels(lib)


_kernels = cache(Kernels)
