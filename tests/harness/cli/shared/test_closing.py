"""How a run ends: its line and exit code, the page of a killed one, and several splits at once."""

from __future__ import annotations

import pytest

from harness.contracts import UnknownName
from harness.engine import split_data
from methods.baselines.still.method import Still
from splits import catalog as splits
from tests import toy, toy_run


@pytest.fixture
def call(monkeypatch, command, tmp_path):
    """`run --method still` on toy splits of any name but `nowhere`: (exit code, stdout, stderr)."""

    def find(name, tests):
        if name == "nowhere":
            raise UnknownName("split", name, ["first", "second"])
        return toy.manifest(id=name)

    monkeypatch.setattr(split_data, "find_manifest", find)
    monkeypatch.setattr(splits, "loader", lambda manifest: toy_run.load)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))

    def run(*splits):
        words = ["run", "--method", "still", "--no-baselines", "--metrics", "psnr"]
        words += ["--out", str(tmp_path / "runs"), *(f"--split={name}" for name in splits)]
        return command(*words)

    return run


def test_the_line_counts_and_names_the_page(call, tmp_path):
    page = tmp_path / "runs" / "first@1" / "index.html"
    code, shown, err = call("first")
    assert code == 0
    *_, line, path = err.splitlines()
    assert line.startswith("5 cells computed, 0 reused, 0 failed in ")
    assert path == str(page)
    assert page.is_file()
    code, again, err = call("first")
    assert code == 0
    assert again == shown
    assert err == f"Nothing to do: all cells are finished. Open\n{page}\n"


def test_the_page_that_a_killed_run_did_not_write_is_written(call, tmp_path):
    call("first")
    page = tmp_path / "runs" / "first@1" / "index.html"
    page.unlink()
    code, _, err = call("first")
    assert code == 0
    assert "Nothing to do" in err
    assert page.is_file()


def test_a_failure_in_one_split_stops_no_other(call, monkeypatch, tmp_path):
    fit = Still.fit

    def failing(self, training, workdir, context):
        if "first@1" in str(workdir):
            raise RuntimeError("no luck")
        return fit(self, training, workdir, context)

    monkeypatch.setattr(Still, "fit", failing)
    code, _, err = call("first", "second")
    assert code == 1
    assert "1 failed" in err
    assert (tmp_path / "runs" / "second@1" / "results.json").is_file()
    monkeypatch.setattr(Still, "fit", fit)
    assert call("first", "second")[0] == 0


def test_a_mistake_in_the_last_split_shows_before_any_work(call, tmp_path):
    code, _, err = call("first", "nowhere")
    assert code == 2
    assert "unknown split 'nowhere'" in err
    assert not (tmp_path / "runs").exists()
