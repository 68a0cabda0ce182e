"""What an install is made of: bounds, the wheel's tag, typed packages."""

from __future__ import annotations

import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def setup_of(monkeypatch):
    """The definitions of setup.py, which is run without a command."""
    import setuptools

    monkeypatch.setattr(setuptools, "setup", lambda **_: None)
    return runpy.run_path(str(ROOT / "setup.py"))


@pytest.mark.parametrize(
    ("contents", "version"),
    [
        ([b"\0GLIBC_2.2.5\0GLIBC_2.27\0GLIBC_2.14\0"], (2, 27)),
        ([b"\0GLIBC_2.2.5\0", b"\0GLIBC_2.14\0"], (2, 17)),
        ([b"\0GLIBC_2.4\0", b"\0GLIBC_2.34\0"], (2, 34)),
        ([b"\0GLIBCXX_3.4.30\0"], None),
    ],
)
def test_the_wheel_is_tagged_by_the_newest_glibc_that_it_needs(monkeypatch, contents, version):
    assert setup_of(monkeypatch)["newest_glibc"](contents) == version


def test_lower_bounds_are_stated_for_every_dependency_that_is_tested_with_them():
    lowest = runpy.run_path(str(ROOT / ".ci" / "lowest.py"))["pins"]
    texts = [(ROOT / name).read_text("utf-8") for name in ("pyproject.toml", "constraints.txt")]
    pins = dict(pin.split("==") for pin in lowest(*texts))
    wanted = PROJECT["project"]["dependencies"]
    assert set(pins) >= {requirement.partition(">=")[0] for requirement in wanted}
    assert pins["av"] == "15.1"  # 15.0 decodes bt709 up to 23 levels off, 14 fails every render
    assert pins["torch"].startswith("2.13")


def test_every_package_is_typed():
    packages = {
        name.rstrip("*") for name in PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
    }
    assert all((ROOT / name / "py.typed").is_file() for name in packages)


def test_make_names_the_python_that_it_needs(tmp_path):
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.10.9 && exit\nexit 1\n')
    old.chmod(0o755)
    words = ["make", f"PYTHON={old}", f"VENV={tmp_path}/venv", "install"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "is Python 3.10.9, and Python 3.11 or newer is needed" in done.stderr
    assert not (tmp_path / "venv").exists()
    assert sys.version_info >= (3, 11)
