"""Compile the native core, once per instruction set.

Used in three places: by `setup.py` when the package is installed, by `library.py` on
first use when nothing was installed, and by hand (`python -m methods.gaussians.native.build`).
It therefore imports the standard library alone: no torch, and nothing of this project.

The core has a plain C ABI and no torch headers. That keeps a build in the range of seconds
and one binary valid for every version of torch and of Python.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SOURCE_DIR = Path(__file__).resolve().parent / "src"

#: Instruction sets from the fastest to the one that every machine has.
ISAS = ("avx512", "avx2", "baseline")

_ARCH_FLAGS = {
    "avx512": ("-march=skylake-avx512", "-mprefer-vector-width=512"),
    "avx2": ("-march=haswell",),
    "baseline": (),
}

# Not -ffast-math: linked into a shared object it makes gcc < 13 flush denormals to zero for
# the whole process, and it would remove the NaN tests. These are the parts of it that matter.
_COMPILE_FLAGS = (
    "-std=c++17",
    "-O3",
    "-fPIC",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fno-signed-zeros",
    "-freciprocal-math",
    "-ffp-contract=fast",
    "-Wall",
    "-Wno-psabi",
    "-Wno-unknown-pragmas",
)


class BuildError(RuntimeError):
    """No compiler was found, or it refused the sources; the message says which."""


def available_isas() -> tuple[str, ...]:
    """Instruction sets that this machine's compiler can target."""
    x86 = platform.machine().lower() in {"x86_64", "amd64"}
    return ISAS if x86 else ("baseline",)


def find_compiler() -> str | None:
    """`$CXX`, or the first of c++, g++ and clang++ on the path; None without one."""
    for name in (os.environ.get("CXX"), "c++", "g++", "clang++"):
        if name and (path := shutil.which(name)):
            return path
    return None


def source_key() -> str:
    """Hex digest of the sources and flags: names the binary that belongs to this checkout."""
    digest = hashlib.sha256(repr((_COMPILE_FLAGS, sorted(_ARCH_FLAGS.items()))).encode())
    for path in _sources("*.cpp", "*.h"):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:20]


def compiler_key(compiler: str) -> str:
    """Hex digest of the compiler's own version text."""
    text = subprocess.run([compiler, "--version"], capture_output=True, timeout=60).stdout
    return hashlib.sha256(text).hexdigest()[:12]


def library_name(isa: str) -> str:
    """File name of the library of one instruction set."""
    return f"libsplat_{isa}.so"


def build(isa: str, target: Path, compiler: str | None = None) -> Path:
    """Compile and link one instruction set's library.

    The library appears under its final name only when it is whole, so that two processes
    may build at once and a reader never sees half a file.

    Args:
        isa: one of `ISAS`.
        target: folder that receives `libsplat_{isa}.so`; created when absent.
        compiler: path of a C++17 compiler; found by `find_compiler` when None.

    Returns:
        The path of the library.

    Raises:
        BuildError: no compiler, or it failed (with the end of what it printed).

    """
    compiler = compiler or find_compiler()
    if compiler is None:
        raise BuildError("no C++ compiler on the path (looked for $CXX, c++, g++, clang++)")
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".build-", dir=target) as scratch:
        library = Path(scratch) / library_name(isa)
        try:
            _compile_and_link(compiler, isa, library, "-fopenmp")
        except BuildError:
            # Apple's clang has no OpenMP; the sources then compile to a single-threaded core.
            _compile_and_link(compiler, isa, library)
        os.replace(library, target / library_name(isa))
    return target / library_name(isa)


def build_all(target: Path) -> list[Path]:
    """Compile every instruction set of this machine into `target`, with a key beside them.

    The key lets `library.py` see that an edited checkout no longer matches its binaries.
    """
    compiler = find_compiler()
    paths = [build(isa, target, compiler) for isa in available_isas()]
    key = target / "libsplat.key"
    key.with_suffix(".tmp").write_text(source_key())
    os.replace(key.with_suffix(".tmp"), key)
    return paths


def _sources(*patterns: str) -> list[Path]:
    return sorted(path for pattern in patterns for path in SOURCE_DIR.glob(pattern))


def _compile_and_link(compiler: str, isa: str, library: Path, *openmp: str) -> None:
    flags = [*_COMPILE_FLAGS, *_ARCH_FLAGS[isa], *openmp]

    def compile_one(source: Path) -> Path:
        target = library.with_name(f"{source.stem}.o")
        _run([compiler, *flags, "-c", str(source), "-o", str(target)])
        return target

    with ThreadPoolExecutor(_usable_cores()) as pool:
        objects = list(pool.map(compile_one, _sources("*.cpp")))
    # Each library binds its own symbols, so that two instruction sets can live in one process.
    bind = ["-Wl,-Bsymbolic"] if sys.platform.startswith("linux") else []
    _run([compiler, "-shared", *openmp, *bind, *map(str, objects), "-o", str(library)])


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildError(f"{command[0]} could not be run: {error}") from error
    if done.returncode:
        raise BuildError(f"{command[0]} failed:\n{done.stderr[-2000:]}")


if __name__ == "__main__":
    for built in build_all(Path(__file__).resolve().parent):
        print(built)
