"""The command in a folder whose files have names of ours, and for a user without a home."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness import __main__ as entry
from harness.__main__ import PACKAGES, ROOT

SCRIPT = "import sys; sys.argv[0] = 'talking-face-bench'; from harness.__main__ import main; main()"
HOSTILE = "raise RuntimeError('the wrong file was imported')\n"


def run(folder, *words, path=(ROOT,), script=False, environment=(), drop=()):
    """Run a command in a folder: (exit code, stdout, stderr).

    `script` starts it as an installed console script does: from a file in another folder.
    """
    known = {k: v for k, v in os.environ.items() if k not in drop}
    known |= {"PYTHONPATH": os.pathsep.join(map(str, path)), **dict(environment)}
    start = ["-m", "harness"]
    if script:
        file = folder.parent / "bin" / "talking-face-bench"
        file.parent.mkdir(exist_ok=True)
        file.write_text(SCRIPT)
        start = [str(file)]
    command = [sys.executable, *start, *words]
    done = subprocess.run(command, cwd=folder, env=known, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def folder(tmp_path):
    """As TalkingGaussian's checkout, whose root has a metrics.py, and worse."""
    here = tmp_path / "checkout"
    here.mkdir()
    for name in ("metrics.py", "splits.py"):
        (here / name).write_text(HOSTILE)
    for name in ("methods", "reports"):
        (here / name).mkdir()
        (here / name / "__init__.py").write_text(HOSTILE)
    return here


@pytest.mark.parametrize("script", [False, True])
def test_files_of_the_current_folder_do_not_hide_ours(folder, script):
    code, out, err = run(folder, "list", "metrics", script=script)
    assert (code, err) == (0, "")
    assert "psnr · ready" in out


def test_an_own_harness_beside_the_command(folder):
    (folder / "harness.py").write_text("print('the user')\n")
    # Python itself runs the user's file: nothing of ours is asked.
    assert run(folder, "list")[1] == "the user\n"
    code, out, _ = run(folder, "list", "metrics", script=True)
    assert code == 0
    assert "psnr · ready" in out


@pytest.mark.parametrize("script", [False, True])
def test_a_folder_that_is_named_before_ours(folder, script):
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir()
    code, out, _ = run(elsewhere, "list", "metrics", path=(folder, ROOT), script=script)
    assert code == 0
    assert "psnr · ready" in out


def test_a_name_that_still_resolves_elsewhere_is_one_sentence(folder):
    early = folder.parent / "early"
    early.mkdir()
    # As a start-up hook of another package does: it is imported before any command.
    (early / "sitecustomize.py").write_text("import metrics\n")
    (folder / "metrics.py").write_text("")
    code, out, err = run(folder, "list", path=(early, folder, ROOT))
    assert (code, out) == (2, "")
    assert err.startswith("error: metrics: Python finds it at ")
    assert len(err.splitlines()) == 1
    assert str(folder / "metrics.py") in err


def test_the_path_keeps_plug_ins(monkeypatch, tmp_path):
    """A plug-in's own folder, named by its editable install, stays on the path."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(ROOT), str(tmp_path)])
    assert entry.own_packages_first() == ""
    assert sys.path == [str(ROOT), str(tmp_path)]


def test_the_checkout_itself_stays_on_the_path(monkeypatch):
    monkeypatch.chdir(ROOT)
    before = list(sys.path)
    monkeypatch.setattr(sys, "path", [str(ROOT), *before])
    assert entry.own_packages_first() == ""
    assert sys.path == [str(ROOT), *before]


def test_doctor_says_whose_files_are_used(folder):
    (folder / "harness.py").write_text("")
    code, out, _ = run(folder, "doctor", script=True)
    assert code == 0
    assert "this folder · has methods, metrics.py, reports, splits.py, which is not used" in out
    assert "\n    talking-face-bench --help\n" in out


def test_no_home_folder(tmp_path):
    """As in a container that runs as a user whom no passwd entry knows."""
    (tmp_path / "sitecustomize.py").write_text(
        "import pwd\ndef absent(uid): raise KeyError(uid)\npwd.getpwuid = absent\n"
    )
    gone = ("HOME", "HARNESS_CACHE", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "HARNESS_EXTERNAL")
    here = tmp_path / "here"
    here.mkdir()
    path = (tmp_path, ROOT)
    for words in (("list",), ("weights", "list"), ("doctor",)):
        code, out, err = run(here, *words, path=path, drop=gone)
        assert (code, err) == (0, ""), words
        assert out
    assert "Set HARNESS_CACHE to a folder of your own." in out
    code, _, err = run(here, "run", "--method", "still", path=path, drop=gone)
    assert code == 2
    assert "Set HARNESS_CACHE" in err
    assert len(err.splitlines()) == 1


def test_a_full_disk_behind_the_output_is_one_sentence():
    if not Path("/dev/full").exists():
        pytest.fail("this test needs Linux's /dev/full")
    command = [sys.executable, "-m", "harness", "list"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("error: the output: cannot be written")
    assert len(done.stderr.splitlines()) == 1
    assert "MiB" not in done.stderr


def test_threads_wait_passively_from_python_too():
    program = "import methods.catalog, os; print(os.environ['OMP_WAIT_POLICY'])"
    clean = {k: v for k, v in os.environ.items() if k != "OMP_WAIT_POLICY"}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, env=clean, capture_output=True, text=True)
    assert done.stdout == "passive\n"


def test_every_package_is_guarded():
    found = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert found == set(PACKAGES)
