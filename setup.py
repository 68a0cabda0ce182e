"""Compile the native core while the package is installed; never fail the install over it.

Everything else about the package stands in pyproject.toml.
"""

from __future__ import annotations

import runpy
from pathlib import Path

from setuptools import Extension, setup
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


# The extension is a name only: it marks the wheel as belonging to one platform.
setup(
    ext_modules=[Extension("methods.gaussians.native.libsplat", sources=[], optional=True)],
    cmdclass={"build_ext": BuildNative},
)
