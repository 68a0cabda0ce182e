"""`--dry-run`: what would be done; not a file or folder is made, and refusals are the command's."""

import re

import numpy as np
import pytest
from PIL import Image

from harness.engine import split_data
from splits import catalog as splits
from tests import toy, toy_run

RUN = ("run", "--method", "still", "--no-baselines", "--metrics", "psnr")


@pytest.fixture
def call(monkeypatch, command, tmp_path):
    monkeypatch.setattr(split_data, "find_manifest", lambda name, tests: toy.manifest())
    monkeypatch.setattr(splits, "loader", lambda manifest: toy_run.load)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return command


def everything(folder):
    return {path: path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))}


def test_run_shows_its_plan_and_writes_nothing(call, tmp_path):
    code, out, err = call(*RUN, "--dry-run")
    assert (code, err) == (0, "")
    assert "toy@1: into runs/toy@1" in out
    assert re.search(r"^still +fit +1 +0 +unknown$", out, re.M)
    assert "5 steps to do, 0 finished. None of them ran on this machine before" in out
    assert everything(tmp_path / "here") == {}
    call(*RUN)
    before = everything(tmp_path / "here")
    code, out, _ = call(*RUN, "--dry-run")
    assert code == 0
    assert "Nothing to do: all 5 steps are finished." in out
    assert re.search(r"^still +fit +0 +1 +under 1 s$", out, re.M)
    code, out, _ = call(*RUN, "--limit", "2", "--dry-run")
    assert "5 steps to do, 0 finished. The last time 4 of them took under 1 s; 1 never ran" in out
    assert everything(tmp_path / "here") == before


def test_what_cannot_run_is_named(call):
    words = [word for word in RUN if word not in ("--metrics", "psnr")]
    out = call(*words, "--dry-run")[1]
    assert "cannot run: ms_ssim: metric 'ms_ssim' needs frames of 161 pixels" in out


def test_refusals_are_those_of_the_command(call, tmp_path):
    code, _, err = call(*RUN, "--preset", "nothing", "--dry-run")
    assert code == 2
    assert "no chosen method has a preset" in err
    (tmp_path / "here" / "runs").write_text("in the way")
    code, _, err = call(*RUN, "--dry-run")
    assert code == 2
    assert "is a file" in err


def test_score_and_its_other_table(call, tmp_path):
    for name in ("truth", "ours"):
        folder = tmp_path / name
        folder.mkdir()
        for index in range(3):
            grey = np.full((32, 32, 3), 90 + 10 * index, np.uint8)
            Image.fromarray(grey).save(folder / f"{index}.png")
    words = ("score", "--pred", tmp_path / "ours", "--fps", "25", "--metrics", "psnr")
    code, out, _ = call(*words, "--truth", tmp_path / "truth", "--dry-run")
    assert code == 0
    assert re.search(r"^ours +score +1 +0 ", out, re.M)
    assert everything(tmp_path / "here") == {}
    assert call(*words, "--truth", tmp_path / "truth", "--out", "table")[0] == 0
    code, _, err = call(*words, "--truth", tmp_path / "ours", "--out", "table", "--dry-run")
    assert code == 2
    assert "it holds a table of truth" in err


def test_ablate_shows_rows_of_its_grid(call, tmp_path):
    words = ("ablate", "--method", "ua3dtalk", "--grid", "fusion", "--metrics", "psnr")
    code, out, _ = call(*words, "--dry-run")
    assert code == 0
    assert "into runs/toy@1/ablations/fusion" in out
    assert re.search(r"^ua3dtalk: concat +fit +\d ", out, re.M)
    assert everything(tmp_path / "here") == {}
