"""Find, or build, and load the native core for this machine's CPU.

Order: the library compiled at install time (beside this file, when its key matches the
sources), then the cache, then a build into the cache. Without a compiler `load` returns
None and says so once; callers then use their torch version.
"""

from __future__ import annotations

import ctypes
import os
import threading
import warnings
from functools import cache
from pathlib import Path

from harness.contracts.errors import BadInput
from harness.weights import cache_dir
from methods.gaussians.native import build

PACKAGE_DIR = Path(__file__).resolve().parent

#: Forces an instruction set, or `none` to do without the native core.
ISA_VARIABLE = "HARNESS_NATIVE_ISA"

_lock = threading.Lock()


class NativeCoreMissing(UserWarning):
    """The native core cannot be used; torch code, some hundred times slower, takes over."""


def load() -> ctypes.CDLL | None:
    """Return the native core for this CPU, or None when there is none and none can be built.

    The environment variable HARNESS_NATIVE_ISA (`avx512`, `avx2`, `baseline`, `none`)
    overrides the choice.

    Raises:
        BadInput: the variable names an instruction set that this CPU does not have.

    """
    isa = chosen_isa()
    return None if isa == "none" else load_isa(isa)


def chosen_isa() -> str:
    """The instruction set that `load` takes: from the environment, or the CPU's best."""
    supported = supported_isas()
    isa = os.environ.get(ISA_VARIABLE, "").strip().lower() or supported[0]
    if isa not in (*supported, "none"):
        raise BadInput(
            f"{ISA_VARIABLE}={isa}",
            "this CPU supports " + ", ".join(supported),
            f"Unset {ISA_VARIABLE}, or set it to one of these or to 'none'.",
        )
    return isa


@cache
def supported_isas() -> tuple[str, ...]:
    """Instruction sets that this CPU can run, the fastest first."""
    import torch

    # torch asks the CPU (and the operating system) for the same features that we need.
    best = {"AVX512": "avx512", "AVX2": "avx2"}.get(
        torch.backends.cpu.get_cpu_capability(), "baseline"
    )
    known = build.available_isas()
    return known[known.index(best) :] if best in known else ("baseline",)


def load_isa(isa: str) -> ctypes.CDLL | None:
    """Load one instruction set's library, building it when necessary.

    The caller answers for the CPU being able to run it.
    """
    with _lock:
        return _load_isa(isa)


@cache
def _load_isa(isa: str) -> ctypes.CDLL | None:
    # torch first: its libgomp is then the only one in the process. Two OpenMP runtimes
    # would keep two pools of threads that compete for the same cores.
    import torch  # noqa: F401

    try:
        return ctypes.CDLL(str(_installed(isa) or _cached(isa)))
    except (build.BuildError, OSError) as error:
        warnings.warn(
            f"The native splatting core is unavailable ({error}). Falling back to plain torch, "
            "which is correct but 150 to 300 times slower. Install a C++17 compiler "
            "(Debian and Ubuntu: apt install g++; macOS: xcode-select --install; conda: "
            "conda install cxx-compiler) and start again; the core is then built on first use.",
            NativeCoreMissing,
            stacklevel=4,
        )
        return None


def _installed(isa: str) -> Path | None:
    """The library compiled at install time, unless the sources have changed since."""
    key, path = PACKAGE_DIR / "libsplat.key", PACKAGE_DIR / build.library_name(isa)
    if path.exists() and key.exists() and key.read_text() == build.source_key():
        return path
    return None


def _cached(isa: str) -> Path:
    """The library in the cache, compiled now when it is not there yet."""
    compiler = build.find_compiler()
    if compiler is None:
        raise build.BuildError("no C++ compiler was found")
    folder = cache_dir() / "native" / f"{build.source_key()}-{build.compiler_key(compiler)}"
    path = folder / build.library_name(isa)
    return path if path.exists() else build.build(isa, folder, compiler)
