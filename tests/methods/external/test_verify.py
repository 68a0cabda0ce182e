"""`python -m harness verify METHOD`, as a person meets it."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from harness.media.video import write_mp4
from methods import catalog
from methods.external.adapters.per_subject.talkinggaussian import TalkingGaussian
from methods.external.run.checkout import Asset

NAME = "talkinggaussian"
SCRIPTS, IMPORTS = TalkingGaussian.adapter.scripts, TalkingGaussian.adapter.imports


@pytest.fixture
def verify(monkeypatch, command):
    """Run the command in a narrow terminal: exit code, and a line per check with its cure."""

    def call(*arguments):
        monkeypatch.setenv("COLUMNS", "40")
        code, out, err = command("verify", "--device", "cpu", *arguments)
        whole = re.sub(r"\n +", " ", out) + err
        return code, [re.sub(r" +", " ", line) for line in whole.splitlines() if line.strip()]

    return call


@pytest.fixture
def small(monkeypatch):
    """The adapter with what a stand-in can do: modules that are here, a run of seconds."""

    def change(**changes):
        changes = {"imports": ("json",), "starts": ("train_face.py",), **changes}
        monkeypatch.setattr(TalkingGaussian, "adapter", replace(TalkingGaussian.adapter, **changes))

    change()
    return change


def line(lines, start):
    return next(text for text in lines if text.startswith(start))


def test_nothing_there_says_what_to_set_and_how_to_get_it(verify):
    code, lines = verify(NAME)
    assert code == 2
    assert "HARNESS_TALKINGGAUSSIAN_ROOT" in line(lines, "missing environment")
    assert "git clone --recursive" in line(lines, "missing environment")
    assert "HARNESS_TALKINGGAUSSIAN_LICENCE=accepted" in line(lines, "skipped licence")


def test_commands_can_be_copied_at_any_width(verify):
    _, lines = verify(NAME)
    assert TalkingGaussian.adapter.obtain in line(lines, "missing environment")


def test_everything_there(verify, small, folders, monkeypatch, tmp_path):
    root = folders.checkout(tmp_path / "tg", "gaussian.py", SCRIPTS, spaces=True)
    folders.point_to(monkeypatch, NAME, root)
    code, lines = verify(NAME)
    assert code == 0, lines
    assert ": Python 3." in line(lines, "ok interpreter")
    for what in (*SCRIPTS, "root", "licence", "import json", "train_face.py --help"):
        assert line(lines, f"ok {what}")
    assert "has no short training" in line(lines, "skipped smoke run")


def test_each_missing_thing_is_a_line_of_its_own(verify, small, folders, monkeypatch, tmp_path):
    root = folders.checkout(tmp_path / "tg", "gaussian.py", SCRIPTS, spaces=True)
    (root / "train_fuse.py").unlink()
    (root / "train_face.py").write_text("import no_such_extension\n")
    folders.point_to(monkeypatch, NAME, root, licence="no")
    small(imports=("no_such_module",), assets=(Asset("ckpts/a.pth", "Download it there."),))
    code, lines = verify(NAME)
    assert code == 2
    assert line(lines, "missing train_fuse.py")
    assert "Download it there." in line(lines, "missing ckpts/a.pth")
    assert "No module named 'no_such_module'" in line(lines, "missing import no_such_module")
    assert "No module named 'no_such_extension'" in line(lines, "missing train_face.py --help")
    assert "LICENCE=accepted" in line(lines, "missing licence")
    assert line(lines, "ok root")
    assert line(lines, "ok train_mouth.py")


def test_what_a_training_would_miss_after_hours_is_asked_for(
    verify, small, folders, monkeypatch, tmp_path
):
    """The fusion crashes without tensorboard, when both branches are trained."""
    root = folders.checkout(tmp_path / "tg", "gaussian.py", SCRIPTS, spaces=True)
    folders.point_to(monkeypatch, NAME, root)
    (root / "torch" / "utils").mkdir(parents=True)
    for folder in ("torch", "torch/utils"):  # a torch without it, found before any other
        (root / folder / "__init__.py").touch()
    small(imports=IMPORTS)
    code, lines = verify(NAME)
    assert code == 2
    assert "tensorboard" in line(lines, "missing import torch.utils.tensorboard")


def test_an_interpreter_that_does_not_start(verify, small, folders, monkeypatch, tmp_path):
    root = folders.checkout(tmp_path / "tg", "gaussian.py", SCRIPTS, spaces=True)
    folders.point_to(monkeypatch, NAME, root)
    broken = tmp_path / "python"
    broken.write_text(
        "#!/bin/sh\necho libpython3.7m.so.1.0: cannot open shared object file\nexit 127\n"
    )
    broken.chmod(0o755)
    monkeypatch.setenv("HARNESS_TALKINGGAUSSIAN_PYTHON", str(broken))
    code, lines = verify(NAME)
    assert code == 2
    assert "libpython3.7m.so.1.0" in line(lines, "missing interpreter")


@pytest.fixture
def long(folders, tmp_path, monkeypatch):
    """A prepared folder of 44 frames."""
    monkeypatch.setattr(folders, "COUNT", 44)
    monkeypatch.setattr(folders, "TRAIN", 40)
    return folders.prepared_folder(tmp_path / "Long")


def test_a_smoke_run_of_three_frames(verify, small, folders, monkeypatch, tmp_path, long):
    root = folders.checkout(tmp_path / "tg", "gaussian.py", SCRIPTS, spaces=True)
    folders.point_to(monkeypatch, NAME, root)
    small(smoke={"iterations": 15_000})
    before = folders.snapshot(long)
    code, lines = verify(NAME)
    assert code == 0
    assert "Give --data" in line(lines, "skipped smoke run")
    code, lines = verify(NAME, "--data", str(long))
    assert code == 0, lines
    assert "3 frames of 32x32" in line(lines, "ok smoke run")
    assert folders.snapshot(long) == before
    monkeypatch.setenv("STANDIN_FAULT", "crash render")
    code, lines = verify(NAME, "--data", str(long))
    assert code == 2
    assert "CUDA out of memory" in " ".join(lines)


def test_a_folder_too_short_for_it(verify, small, folders, monkeypatch, tmp_path, tiny):
    root = folders.checkout(tmp_path / "tg", "gaussian.py", SCRIPTS, spaces=True)
    folders.point_to(monkeypatch, NAME, root)
    small(smoke={"iterations": 15_000})
    code, lines = verify(NAME, "--data", str(tiny))
    assert code == 2
    told = line(lines, "failed smoke run")
    assert "it has 22 frames, and a smoke run needs 33" in told
    assert "Use a longer sequence." in told
    assert "git clone" not in told


def test_only_methods_out_of_process(verify):
    code, lines = verify("still")
    assert code == 2
    assert "is not an external method" in lines[-1]
    code, lines = verify("talkinggausian")
    assert code == 2
    assert "'talkinggaussian'" in lines[-1]


def test_prerecorded_videos_are_listed(verify, monkeypatch, tmp_path):
    path = tmp_path / "external.yaml"
    entry = {"id": "theirs", "title": "T", "licence": "CC0", "source": "x", "drive": "audio"}
    folder = tmp_path / "videos"
    path.write_text(json.dumps({"prerecorded": [{**entry, "videos": str(folder)}]}))
    monkeypatch.setenv("HARNESS_EXTERNAL", str(path))
    catalog._discover.cache_clear()
    try:
        code, lines = verify("theirs")
        assert code == 2
        assert "none at" in line(lines, "missing videos")
        write_mp4(folder / "a.mp4", np.zeros((5, 32, 32, 3), np.uint8), 25)
        code, lines = verify("theirs")
        assert code == 0
        assert "5 frames, 25 per second, 32x32" in line(lines, "ok a.mp4")
        (folder / "b.mp4").write_bytes(b"half a video")
        code, lines = verify("theirs")
        assert code == 2
        assert line(lines, "missing b.mp4")
    finally:
        catalog._discover.cache_clear()
