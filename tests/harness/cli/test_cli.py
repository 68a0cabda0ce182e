"""The command line as a person meets it: help at once, mistakes as sentences, exit codes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from harness.__main__ import main


def call(monkeypatch, capsys, *arguments):
    """Run the command line in this process: (exit code, stdout, stderr)."""
    monkeypatch.setattr(sys, "argv", ["harness", *arguments])
    code = 0
    try:
        main()
    except SystemExit as exit_:
        code = exit_.code or 0
    return code, *capsys.readouterr()


def test_help_names_every_command_and_imports_nothing_heavy():
    program = (
        "import sys; sys.argv = ['harness', '--help']\n"
        "from harness.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'torch', 'numpy', 'scipy', 'pandas', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    for command in ("run", "list", "prepare", "report", "weights", "doctor"):
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
        (("report", "./nowhere"), "no results.json"),
        (("list", "metods"), "Did you mean 'methods'"),
        (("weights", "fetch", "synknet"), "unknown weights id"),
    ],
)
def test_mistakes_are_sentences_with_exit_code_2(
    monkeypatch, capsys, tmp_path, arguments, sentence
):
    monkeypatch.chdir(tmp_path)
    code, _, err = call(monkeypatch, capsys, *arguments)
    assert code == 2
    assert sentence in err
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())


def test_list_says_what_can_run_here(monkeypatch, capsys):
    code, out, _ = call(monkeypatch, capsys, "list")
    assert code == 0
    for needle in ("still", "psnr", "synthetic-mini@1", "Presets"):
        assert needle in out


def test_interrupt_is_quiet_and_says_how_to_go_on(monkeypatch, capsys):
    import harness.cli as cli

    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "app", interrupted)
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 130
    assert "goes on from here" in capsys.readouterr().err


def test_doctor_names_the_cure_word_for_word(monkeypatch, capsys):
    from harness.cli import doctor

    absent = {"video": ("a_package_that_is_absent", "prepare")}
    monkeypatch.setattr(doctor, "EXTRAS", absent)
    monkeypatch.setenv("COLUMNS", "200")
    code, out, _ = call(monkeypatch, capsys, "doctor")
    assert code == 0
    assert 'pip install "talking-face-bench[video]"' in out
