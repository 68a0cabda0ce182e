"""A fixed piece of work that measures how fast this machine is at the moment.

A commit is judged by the ratio of its time to this kernel's, measured alternately in one
process. The kernel is ours, so no commit changes its work by chance: **do not edit it**. A
change here invalidates every stored ratio; `VERSION` makes the gate notice.

It loads the machine as the guarded work does, on one thread: matrix products (arithmetic), then
exponentials and divisions over eight arrays of 200 KB whose results are all kept until the end
(more than a core's own cache holds, as an autograd graph does). A kernel that stays in the
first cache does not slow down with its neighbours: the fusion's ratio to it rose by a quarter
under load, to this one by a fourteenth.
"""

from __future__ import annotations

import ctypes
import platform
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

#: Goes up with every change of the kernel.
VERSION = 1

_SIDE = 128
_LENGTH = 50_000
_ARRAYS = 8
#: M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of glibc's mallopt.
_KEEP_FREED, _KEEP_LARGE = -1, -3


def kernel() -> Callable[[], object]:
    """The calibration kernel, about a millisecond of one core."""
    import torch

    generator = torch.Generator().manual_seed(0)
    arrays = [torch.randn(_LENGTH, generator=generator) for _ in range(_ARRAYS)]
    matrix = torch.randn(_SIDE, _SIDE, generator=generator)
    product = torch.empty_like(matrix)

    def run() -> object:
        kept = []
        for values in arrays:
            torch.mm(matrix, matrix, out=product)
            kept.append((values * 1.5).add_(values).clamp_(-3, 3).exp_())
        return [one / (values * values + 1.0) for one, values in zip(kept, arrays, strict=True)]

    return run


@contextmanager
def steady() -> Iterator[None]:
    """One thread, and memory that stays with the process.

    glibc otherwise returns freed memory and gets it again page by page, which under load
    costs the guarded work a third of its time and the kernel nothing. Memory is kept from here
    on, also after the block.
    """
    import torch

    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        if hasattr(libc, "mallopt"):
            for option in _KEEP_FREED, _KEEP_LARGE:
                libc.mallopt(option, 1 << 30)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def machine() -> dict[str, Any]:
    """What a stored ratio depends on besides the code: ratios of other machines are less exact."""
    import torch

    from harness.engine.provenance import cpu_name
    from methods.gaussians.native import library

    return {
        "cpu": cpu_name(),
        "model": _model(),
        "isa": library.chosen_isa(),
        "torch": ".".join(torch.__version__.split(".")[:2]),
        "python": ".".join(platform.python_version_tuple()[:2]),
        "kernel": VERSION,
    }


def _model() -> str:
    """Family and model of the CPU, which virtual machines show when they hide its name."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return ""
    found = {name.strip(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    return "/".join(found.get(name, "") for name in ("vendor_id", "cpu family", "model"))
