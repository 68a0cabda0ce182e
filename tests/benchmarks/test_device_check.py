"""The check of a GPU machine: its CPU parts at tiny sizes, and parts that fail or hang."""

from __future__ import annotations

import json
import sys

import pytest

from benchmarks import device_check
from benchmarks.device_check import Part, measure, run_part


def test_the_cpu_parts_run_at_tiny_sizes(monkeypatch, tmp_path):
    out = tmp_path / "check.json"
    # fps_30k is fps_2k with another number.
    parts = ["gsplat_build", "gpu_tests", "rasterizers", "fps_2k", "paper_fit"]
    words = ["--device", "cpu", "--small", "--out", str(out), "--budget", "900"]
    words += ["--only", *parts]
    monkeypatch.setattr(sys, "argv", ["device_check", *words])
    assert device_check.main() == 0
    report = json.loads(out.read_text())
    states = {name: part["state"] for name, part in report["parts"].items()}
    assert states == dict(zip(parts, ["skipped", "skipped", "ok", "ok", "ok"], strict=True))
    fps = report["parts"]["fps_2k"]["values"]["sizes"]["64"]
    assert fps["fps"] > 0
    assert set(fps["stages_ms"]) >= {"deform", "splat", "copy"}
    assert fps["peak_memory_MiB"] > 0
    fit = report["parts"]["paper_fit"]["values"]
    assert set(fit["stages"]) == {"face", "mouth", "fuse"}
    assert fit["iterations"] == 128
    for stage in fit["stages"].values():
        first, last = stage["loss"][0], stage["loss"][-1]
        assert (first[0], last[0]) == (1, stage["steps"])
    face = fit["stages"]["face"]
    assert list(face["steps_per_second"]) == ["warm-up", "one member", "all members", "LPIPS"]
    assert all(rate > 0 for rate in face["steps_per_second"].values())
    assert face["gaussians"][-1][1] == fit["gaussians"]["face"] != face["gaussians"][0][1]
    assert fit["perceptual_loss"] == "lpips-alexnet, lpips-alex-heads"
    assert fit["peak_memory_MiB"] > 0
    assert report["provenance"]["packages"]["torch"]


def test_a_failing_part_keeps_its_error_and_the_next_one_runs(monkeypatch):
    found = measure([Part("nothing", 60), Part("fps_2k", 60, needs_cuda=True)], "cpu", True, 100)
    assert found["nothing"]["state"] == "failed"
    assert "invalid choice: 'nothing'" in found["nothing"]["error"]
    assert found["fps_2k"] == {"state": "skipped", "error": "it needs a CUDA device"}


def test_a_part_that_does_not_end_is_ended():
    found = run_part(Part("rasterizers", 60), "cpu", True, 0.05)
    assert found["state"] == "timeout"


def test_what_does_not_fit_into_the_time_is_skipped():
    found = measure([Part("rasterizers", 60)], "cpu", True, 1)
    assert found["rasterizers"] == {"state": "skipped", "error": "the 1 s were used up"}


def test_errors_name_no_folder_of_the_machine():
    text = f'  File "{device_check.ROOT}/benchmarks/x.py"'
    assert device_check.last_lines(text) == 'File "benchmarks/x.py"'


@pytest.mark.parametrize("words", [["--wheels"], ["--device", "tpu"]])
def test_the_shell_script_refuses_mistakes(words):
    import subprocess

    script = str(device_check.ROOT / "benchmarks" / "device_check.sh")
    done = subprocess.run(
        ["bash", script, *words],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "PYTHON": sys.executable},
    )
    assert done.returncode == 2 or "needs a folder" in done.stderr
