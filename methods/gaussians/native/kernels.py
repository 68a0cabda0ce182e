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
from methods.gaussians.thresholds import Thresholds


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

    _fields_ = (
        ("count", c_int64),
        ("means", c_void_p),
        ("quats", c_void_p),
        ("scales", c_void_p),
        ("opacities", c_void_p),
    )


class Projection(ctypes.Structure):
    """`splat::Projection`."""

    _fields_ = tuple(
        (name, c_void_p) for name in ("radii", "means2d", "depths", "conics", "compensations")
    )


class ProjectionGradients(ctypes.Structure):
    """`splat::ProjectionGradients`."""

    _fields_ = tuple(
        (name, c_void_p)
        for name in (
            "v_means2d",
            "v_depths",
            "v_conics",
            "v_compensations",
            "v_means",
            "v_quats",
            "v_scales",
            "v_viewmat",
        )
    )


class HarmonicsStruct(ctypes.Structure):
    """`splat::Harmonics`."""

    _fields_ = (
        ("count", c_int64),
        ("bases", c_int64),
        ("degree", c_int32),
        ("means", c_void_p),
        ("centre", c_void_p),
        ("coefficients", c_void_p),
        ("radii", c_void_p),
    )


class Image(ctypes.Structure):
    """`splat::Image`."""

    _fields_ = (
        ("colors", c_void_p),
        ("depths", c_void_p),
        ("color_channels", c_int32),
        ("with_depth", c_int32),
        ("background", c_void_p),
        ("pixels", c_void_p),
        ("alphas", c_void_p),
        ("keep", c_int32),
    )


class ImageGradients(ctypes.Structure):
    """`splat::ImageGradients`."""

    _fields_ = (
        ("v_pixels", c_void_p),
        ("v_alphas", c_void_p),
        ("background", c_void_p),
        ("conics", c_void_p),
        ("v_means2d", c_void_p),
        ("v_means2d_abs", c_void_p),
        ("v_conics", c_void_p),
        ("v_opacities", c_void_p),
        ("v_colors", c_void_p),
        ("v_depths", c_void_p),
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

OK, NOT_FINITE, OUT_OF_MEMORY, TOO_MANY_INTERSECTIONS = range(4)


class NotFinite(Exception):
    """A NaN or an infinity reached the core; the caller knows the tensors' names."""


class Kernels:
    """One loaded library with its functions declared."""

    def __init__(self, lib: ctypes.CDLL) -> None:
        pointer = ctypes.POINTER
        sizes = (c_int64 * len(_STRUCTS))()
        lib.splat_struct_sizes(sizes)
        if list(sizes) != [ctypes.sizeof(struct) for struct in _STRUCTS]:
            raise RuntimeError("kernels.py and stages.h disagree about a struct")
        lib.splat_frame_acquire.restype = c_void_p
        lib.splat_frame_release.argtypes = [c_void_p]
        lib.splat_frame_release.restype = None
        lib.splat_project.argtypes = [
            c_void_p,
            pointer(CameraStruct),
            pointer(ThresholdsStruct),
            pointer(GaussiansStruct),
            pointer(Projection),
            c_int,
        ]
        lib.splat_project_backward.argtypes = [
            pointer(CameraStruct),
            pointer(ThresholdsStruct),
            pointer(GaussiansStruct),
            pointer(Projection),
            pointer(ProjectionGradients),
            c_int,
        ]
        lib.splat_harmonics.argtypes = [pointer(HarmonicsStruct), c_void_p, c_int]
        lib.splat_harmonics_backward.argtypes = [
            pointer(HarmonicsStruct),
            c_void_p,
            c_void_p,
            c_void_p,
            c_int,
        ]
        lib.splat_render.argtypes = [c_void_p, pointer(Image), c_int]
        lib.splat_render_backward.argtypes = [c_void_p, pointer(ImageGradients), c_int]
        lib.splat_intersections.argtypes = [c_void_p]
        lib.splat_intersections.restype = c_int64
        lib.splat_lists.argtypes = [c_void_p, c_void_p, c_void_p]
        lib.splat_lists.restype = None
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
            "Render a smaller image, or bound the scales.",
        )


class FrameHandle:
    """A frame of the core, given back to its pool when no graph needs it any more."""

    __slots__ = ("address", "kernels")

    def __init__(self, kernels: Kernels) -> None:
        self.kernels = kernels
        self.address = kernels.lib.splat_frame_acquire()
        if not self.address:
            raise MemoryError("no memory for the rasteriser's frame")

    def release(self) -> None:
        """Give the frame back now; safe to call twice."""
        if self.address:
            self.kernels.lib.splat_frame_release(self.address)
            self.address = None

    def __del__(self) -> None:
        if getattr(self, "address", None):
            self.release()


@cache
def threshold_struct(values: Thresholds) -> ThresholdsStruct:
    """Build the C struct of a profile."""
    return ThresholdsStruct(*astuple(values))


def load_kernels(isa: str | None = None) -> Kernels | None:
    """Kernels of this CPU (or of a given instruction set), or None without a native core."""
    isa = isa or library.chosen_isa()
    return None if isa == "none" else _kernels(isa)


@cache
def _kernels(isa: str) -> Kernels | None:
    lib = library.load_isa(isa)
    return Kernels(lib) if lib is not None else None
