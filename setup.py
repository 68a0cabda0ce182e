"""Compile the native core while the package is installed; never fail the install over it.

Everything else about the package stands in pyproject.toml.
"""

from __future__ import annotations

import platform
import re
import runpy
from collections.abc import Iterable
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).resolve().parent
NATIVE = Path("methods") / "gaussians" / "native"


class BuildNative(build_ext):
    """Builds one plain shared library per instruction set, instead of a Python extension."""

    def run(self) -> None:
        """Compile into the wheel, or beside the sources for an editable install."""
        in_place = self.inplace or getattr(self, "editable_mode", False)
        # By path, because an isolated build environment cannot import the packages.
        native = runpy.run_path(str(ROOT / NATIVE / "build.py"))
        try:
            native["build_all"]((ROOT if in_place else Path(self.build_lib)) / NATIVE)
        except native["BuildError"] as error:
            self.warn(
                f"the native core was not compiled: {error}\n"
                "The package works without it, with much slower torch code; it is compiled "
                "on first use once a C++17 compiler is there."
            )

    def get_outputs(self) -> list[str]:
        """List what `run` wrote, for the wheel's record."""
        folder = Path(self.build_lib) / NATIVE
        return [str(path) for path in (*folder.glob("*.so"), *folder.glob("*.key"))]

    def get_output_mapping(self) -> dict[str, str]:
        """Map built files to sources: none, an editable install needs no copies."""
        return {}


class PlatformWheel(bdist_wheel):
    """A wheel for any Python 3 of one platform: ctypes loads the libraries, no Python ABI."""

    def get_tag(self) -> tuple[str, str, str]:
        """Tag by the glibc that the libraries need; by nothing where none was compiled."""
        libraries = list(Path(self.bdist_dir).rglob("*.so"))
        if not libraries:
            return "py3", "none", "any"
        *_, built_for = super().get_tag()
        glibc = newest_glibc(library.read_bytes() for library in libraries)
        if not (glibc and built_for.startswith("linux_")):
            return "py3", "none", built_for
        # OpenMP's library (libgomp) is torch's own or the system's: it is not in the wheel.
        return "py3", "none", f"manylinux_{glibc[0]}_{glibc[1]}_{platform.machine()}"


def newest_glibc(libraries: Iterable[bytes]) -> tuple[int, int] | None:
    """The newest version of glibc whose symbols shared libraries ask for; at least 2.17.

    Args:
        libraries: contents of ELF files, which hold version names such as `GLIBC_2.27`.

    """
    found = [
        (int(major), int(minor))
        for content in libraries
        for major, minor in re.findall(rb"\0GLIBC_(\d+)\.(\d+)(?:\.\d+)?(?=\0)", content)
    ]
    return max(*found, (2, 17)) if found else None


# The extension is a name only: it marks the wheel as belonging to one platform.
setup(
    ext_modules=[Extension("methods.gaussians.native.libsplat", sources=[], optional=True)],
    cmdclass={"build_ext": BuildNative, "bdist_wheel": PlatformWheel},
)
