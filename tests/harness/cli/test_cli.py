"""The command line as a person meets it: help at once, mistakes as sentences, exit codes."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
from importlib.metadata import version

import pytest

from harness import __version__
from harness.__main__ import main
from harness.cli.options import parse_metrics, parse_overrides
from harness.contracts import Results, Row, Score


def test_help_names_every_command_and_imports_nothing_heavy():
    program = (
        "import sys; sys.argv = ['harness', '--help']\n"
        "from harness.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'torch', 'numpy', 'scipy', 'pandas', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    for command in ("run", "list", "prepare", "report", "compare", "weights", "doctor"):
        assert command in done.stdout
    assert done.stdout.strip().endswith("['numpy']") or done.stdout.strip().endswith("[]")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("run", "--method", "ua3dtak"), "unknown method 'ua3dtak'. Did you mean 'ua3dtalk'"),
        (("run", "--method", "still", "--split", "synthetic-mni"), "Did you mean 'synthetic-mini"),
        (("run", "--method", "still", "--metrics", "psnrr"), "unknown metric 'psnrr'"),
        (("run", "--method", "ua3dtalk", "--preset", "quik"), "Did you mean 'quick'"),
        (("run", "--method", "still", "--device", "tpu"), "'tpu' is not a device"),
        (("run", "--method", "still", "--set", "iterations"), "is not KEY=VALUE"),
        (("run", "--method", "still", "--split", "./nowhere"), "nowhere"),
        (("run", "--method", "still", "--device", "cuda:one"), "'cuda:one' is not a device"),
        (("run", "--method", "still", "--metrics", ""), "--metrics: '' contains an empty name"),
        (("run", "--method", "still", "--metrics", "psnr,,ssim"), "contains an empty name"),
        (("run", "--method", "still", "--preset", "quik"), "has a preset 'quik'"),
        (("run", "--method", "still", "--set", "steps=3"), "an option to set (steps)"),
        (("run", "--method", "ua3dtalk", "--set", "face_iterations=many"), "'many' is text"),
        (("run", "--method", "ua3dtalk", "--set", "face_iterations=2.5"), "a whole number is"),
        (("run", "--method", "ua3dtalk", "--set", "multipliers=[a]"), "a list (text)"),
        (("run", "--method", "ua3dtalk", "--set", "motion_rate=.nan"), "not a finite number"),
        (("run", "--method", "ua3dtalk", "--set", "perceptual=3"), "true or false is expected"),
        (("run", "--method", "still", "--seed", "-1"), "Invalid value for '--seed'"),
        (("run", "--method", "still", "--seed", str(2**32)), "Invalid value for '--seed'"),
        (("run", "--method", "still", "--split", ""), "--split: it is empty"),
        (("score", "--pred", "", "--truth", "a"), "--pred: '' names no path"),
        (("score", "--pred", "a=", "--truth", "a"), "--pred: 'a=' names no path"),
        (("prepare", "."), "Missing option '--out'"),
        (("prepare", ".", "--out", "x"), "it is a folder"),
        (("prepare", "a.mp4", "--out", "x", "--size", "0"), "--size 0: not an even number"),
        (("prepare", "a.mp4", "--out", "x", "--crop", "face"), "--crop face: not a way to crop"),
        (("report", "./nowhere"), "no results.json"),
        (("list", "metods"), "Did you mean 'methods'"),
        (("weights", "fetch", "synknet"), "unknown weights id"),
    ],
)
def test_mistakes_are_sentences_with_exit_code_2(
    monkeypatch, command, tmp_path, arguments, sentence
):
    monkeypatch.chdir(tmp_path)
    code, _, err = command(*arguments)
    assert code == 2
    assert sentence in err
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())


def test_list_says_what_can_run_here(command):
    code, out, _ = command("list")
    assert code == 0
    for needle in ("still", "psnr", "synthetic-mini@1", "Presets"):
        assert needle in out


def test_list_tells_shipped_grids_and_absent_checkouts(command, monkeypatch, tmp_path):
    code, out, _ = command("list", "grids")
    assert code == 0
    assert "ua3dtalk · fusion\n" in out
    assert "rows      concat, mean, diag, full" in out
    monkeypatch.delenv("HARNESS_EXTERNAL", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HARNESS_SADTALKER_PYTHON", sys.executable)
    monkeypatch.delenv("HARNESS_SADTALKER_ROOT", raising=False)
    assert "sadtalker · method · needs a checkout" in command("list", "methods")[1]
    monkeypatch.setenv("HARNESS_SADTALKER_ROOT", str(tmp_path))
    assert "sadtalker · method · licence not accepted" in command("list", "methods")[1]
    monkeypatch.setenv("HARNESS_SADTALKER_LICENCE", "accepted")
    out = command("list", "methods")[1]
    assert "sadtalker · method · has a checkout" in out
    assert "still · baseline\n" in out


def test_interrupt_is_quiet_and_says_how_to_go_on(monkeypatch, capsys):
    import harness.cli as cli

    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "app", interrupted)
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 130
    assert "the same command continues" in capsys.readouterr().err


def test_doctor_names_the_cure_word_for_word(monkeypatch, command):
    from harness.cli import doctor

    extras = {"video": ("a_package_that_is_absent", "prepare"), "yaml": ("yaml", "manifests")}
    monkeypatch.setattr(doctor, "EXTRAS", extras)
    monkeypatch.setenv("HARNESS_WEIGHTS", "")
    monkeypatch.setenv("COLUMNS", "40")
    code, out, _ = command("doctor")
    assert code == 0
    assert '  fix       in the checkout:\n    pip install -e ".[video]"\n' in out
    assert "\n    python -m harness weights fetch lpips-alexnet\n" in out
    # The module is of a distribution with another name.
    assert f"extra yaml · PyYAML {version('PyYAML')}\n" in out


def test_ctrl_c_in_a_command_is_said_and_not_silent(monkeypatch, command):
    from harness.engine import planning

    def interrupted(request):
        raise KeyboardInterrupt

    monkeypatch.setattr(planning, "make_plan", interrupted)
    code, _, err = command("run", "--method", "still")
    assert code == 130
    assert "the same command continues" in err


def test_a_refusing_disk_is_a_sentence_wherever_it_refuses(monkeypatch, command):
    from harness.engine import planning

    def full(request):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "cache/file")

    monkeypatch.setattr(planning, "make_plan", full)
    code, _, err = command("run", "--method", "still")
    assert code == 2
    assert err.startswith("error: cache/file: the disk is full")
    assert len(err.splitlines()) == 1


def test_prepare_names_the_package_that_it_lacks(monkeypatch, command, tmp_path):
    import harness.cli.prepare as command_module

    monkeypatch.setattr(command_module, "PACKAGES", ("cv2", "no_such_landmarker"))
    code, _, err = command("prepare", "talk.mp4", "--out", str(tmp_path / "out"))
    assert code == 2
    assert "the package no_such_landmarker is not installed. Run `pip install -e '.[video]'`" in err
    assert not (tmp_path / "out").exists()


def test_numbers_as_people_write_them():
    assert parse_overrides(["a=5e-4", "b=1e3", "c=e4", "d=3"]) == {
        "a": 5e-4, "b": 1000.0, "c": "e4", "d": 3,
    }  # fmt: skip


def test_the_version_is_told(command):
    code, out, _ = command("--version")
    assert (code, out) == (0, f"talking-face-bench {__version__}\n")


def test_metric_ids_count_once():
    assert parse_metrics("psnr, ssim,psnr") == ("psnr", "ssim")
    assert parse_metrics(None) is None


@pytest.fixture
def runs(tmp_path):
    """Two run folders with one score each."""
    row = Row(
        "still", "Still", "baseline", "audio", "toy@1", "default", (0,), ("a",),
        {"fps": 25, "height": 24, "width": 24, "composite": "plate", "train_fraction": 0.9,
         "test_frames": 4, "device": "cpu"},
        {"psnr": Score("ok", 20.0)},
    )  # fmt: skip
    columns = {"psnr": {"metric": "psnr", "direction": "up", "unit": "dB"}}
    results = Results((row,), columns, (), {}).to_json()
    for name in ("a", "b"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "results.json").write_text(json.dumps(results))
    return tmp_path / "runs"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--format", "xls"), "unknown report format 'xls'"),
        (("--format", "md", "--out", "no/x.md"), "no/x.md: the folder above it does not exist"),
        (("--format", "md", "--out", "."), "it is a folder"),
        (("--format", "html", "--out", "x.html"), "one page cannot hold 2 runs"),
    ],
)
def test_reports_that_cannot_be_written(monkeypatch, command, runs, arguments, sentence):
    monkeypatch.chdir(runs.parent)
    code, _, err = command("report", "runs", *arguments)
    assert code == 2
    assert sentence in err
    assert sorted(p.name for p in runs.parent.rglob("*") if p.is_file()) == ["results.json"] * 2


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        "3",
        '{"rows": [], "columns": {}, "failures": [], "provenance": {}}',
        "{",
        '{"rows": 1}',
        '{"schema_version": 99}',
    ],
)
def test_results_of_another_kind(command, runs, content):
    (runs / "a" / "results.json").write_text(content)
    code, _, err = command("report", str(runs / "a"))
    assert code == 2
    assert re.search(r"results\.json: (cannot be read as results|not a readable JSON)", err)
