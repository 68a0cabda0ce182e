"""Building, finding and doing without the native core."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from harness.contracts.errors import BadInput
from methods.gaussians.native import build, kernels, library
from methods.gaussians.rasterize import rasterize

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def small_source(monkeypatch, tmp_path):
    """One line of C++ in place of the core, so that a build takes a moment."""
    folder = tmp_path / "src"
    folder.mkdir()
    (folder / "small.cpp").write_text('extern "C" int answer() { return 42; }\n')
    monkeypatch.setattr(build, "SOURCE_DIR", folder)


@pytest.fixture
def fresh(monkeypatch, tmp_path):
    """No installed library, an empty cache, nothing loaded yet."""
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    monkeypatch.setattr(library, "PACKAGE_DIR", tmp_path / "nowhere")
    library._load_isa.cache_clear()
    kernels._kernels.cache_clear()
    yield tmp_path
    library._load_isa.cache_clear()
    kernels._kernels.cache_clear()


def test_falls_back_to_torch_and_says_so_once(request, monkeypatch, make_scene):
    scene = make_scene(100, 24)
    native = rasterize(**scene)[0]
    request.getfixturevalue("fresh")
    monkeypatch.setattr(build, "find_compiler", lambda: None)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        slow = [rasterize(**scene)[0] for _ in range(2)]
    assert [w.category for w in caught] == [library.NativeCoreMissing]
    assert "Install a C++17 compiler" in str(caught[0].message)
    torch.testing.assert_close(slow[0], native, atol=1e-4, rtol=0)


def test_a_compiler_that_fails_is_quoted(fresh, monkeypatch, tmp_path):
    broken = tmp_path / "c++"
    broken.write_text("#!/bin/sh\necho this compiler is broken >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("CXX", str(broken))
    with pytest.warns(library.NativeCoreMissing, match="this compiler is broken"):
        assert library.load() is None
    assert not list(tmp_path.glob("native/*/*"))


def test_the_variable_chooses_and_refuses(monkeypatch):
    for isa in library.supported_isas():
        monkeypatch.setenv(library.ISA_VARIABLE, isa)
        assert library.chosen_isa() == isa
    monkeypatch.setenv(library.ISA_VARIABLE, "none")
    assert library.load() is None
    monkeypatch.setenv(library.ISA_VARIABLE, "avx1024")
    with pytest.raises(BadInput, match="avx1024"):
        library.load()


def test_two_builders_at_once(small_source, tmp_path):
    target = tmp_path / "target"
    with ThreadPoolExecutor(2) as pool:
        paths = list(pool.map(lambda _: build.build("baseline", target), range(2)))
    assert paths[0] == paths[1]
    assert [p.name for p in target.iterdir()] == [build.library_name("baseline")]
    assert ctypes.CDLL(str(paths[0])).answer() == 42


def test_build_all_writes_a_key_beside_every_instruction_set(small_source, tmp_path):
    built = build.build_all(tmp_path / "target")
    assert [p.name for p in built] == [build.library_name(i) for i in build.available_isas()]
    assert (tmp_path / "target" / "libsplat.key").read_text() == build.source_key()


def test_the_key_follows_the_sources(monkeypatch, tmp_path):
    (tmp_path / "a.cpp").write_text("int a;\n")
    monkeypatch.setattr(build, "SOURCE_DIR", tmp_path)
    before = build.source_key()
    (tmp_path / "a.cpp").write_text("int b;\n")
    assert build.source_key() != before


def test_an_installed_library_is_used_until_the_sources_change(fresh, small_source, monkeypatch):
    folder = fresh / "installed"
    monkeypatch.setattr(library, "PACKAGE_DIR", folder)
    isa = library.chosen_isa()
    path = build.build(isa, folder)
    (folder / "libsplat.key").write_text(build.source_key())
    assert library._installed(isa) == path
    (folder / "libsplat.key").write_text("older")
    assert library._installed(isa) is None


def test_importing_loads_no_torch():
    code = "import sys, methods.gaussians.native.library; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=os.environ).returncode == 0


def test_works_without_warning_here():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert library.load() is not None
