"""`-q` and `-v`, before and after the name of the command."""

import pytest

from harness.engine import messages, split_data
from methods.baselines.still.method import Still
from splits import catalog as splits
from tests import toy, toy_run

RUN = ("run", "--method", "still", "--no-baselines", "--metrics", "psnr")


@pytest.fixture
def call(monkeypatch, command, tmp_path):
    """`run --method still` on the toy split, with options before and after: (code, out, err)."""
    monkeypatch.setattr(split_data, "find_manifest", lambda name, tests: toy.manifest())
    monkeypatch.setattr(splits, "loader", lambda manifest: toy_run.load)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    yield lambda before=(), after=(): command(*before, *RUN, "--out", tmp_path / "runs", *after)
    messages.set_level(messages.USUAL)


@pytest.mark.parametrize("place", ["before", "after"])
def test_quiet_says_nothing_but_the_result(call, place):
    code, out, err = call(**{place: ("-q",)})
    assert (code, err) == (0, "")
    assert "psnr" in out
    code, again, err = call()
    assert again == out
    assert "Nothing to do" in err  # the next command does not inherit it


def test_quiet_still_says_what_failed(call, monkeypatch):
    def failing(self, training, workdir, context):
        raise RuntimeError("no luck")

    monkeypatch.setattr(Still, "fit", failing)
    code, _, err = call(("--quiet",))
    assert code == 1
    assert len(err.splitlines()) == 2
    assert "RuntimeError" in err
    assert "no luck" in err
    assert "Traceback" not in err
    code, _, err = call((), ("--verbose",))
    assert code == 1
    assert 'raise RuntimeError("no luck")' in err
    assert "is tried again, as it failed before (RuntimeError)" in err


def test_verbose_says_why(call, tmp_path):
    _, _, err = call(("-v",))
    assert "[1/5] truth · toy/a: truth" in err
    assert "is computed: " in err
    _, _, err = call(("-v",))
    reused = [line for line in err.splitlines() if " is reused from " in line]
    assert len(reused) == 5
    assert str(tmp_path / "runs" / "toy@1" / "cells" / "fit") in err
    assert "is computed" not in err


@pytest.mark.parametrize(("before", "after"), [(("-q",), ("-v",)), ((), ("-q", "-v"))])
def test_both_are_refused(call, before, after):
    code, _, err = call(before, after)
    assert code == 2
    assert "--quiet --verbose: both are given" in err


@pytest.mark.parametrize(
    "words", [("list", "grids"), ("weights", "list"), ("report", "nowhere"), ("doctor",)]
)
def test_every_command_takes_them(command, words):
    usual = command(*words)
    for option in ("-q", "--verbose"):
        assert command(option, *words) == command(*words, option) == usual
