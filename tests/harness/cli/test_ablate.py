"""`ablate` from the command line: tables of every format, nothing done twice, mistakes refused."""

from __future__ import annotations

import csv
import shutil

import pytest
import yaml

from harness.engine import split_data
from splits import catalog as splits
from tests import staged, toy, toy_run


@pytest.fixture
def call(monkeypatch, command, tmp_path):
    staged.register(monkeypatch)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(split_data, "find_manifest", lambda name, tests: toy.manifest())
    monkeypatch.setattr(splits, "loader", lambda manifest: toy_run.load)
    grid = tmp_path / "steps.yaml"
    grid.write_text(yaml.safe_dump(staged.GRID_VALUES), "utf-8")

    def run(*arguments):
        words = ["ablate", "--method", "staged", "--grid", str(grid), "--split", "toy"]
        words += ["--metrics", "psnr,ssim", "--out", str(tmp_path / "runs"), *arguments]
        return command(*words)

    return run


def test_one_command_one_table_the_papers_rows_beside(call, tmp_path):
    code, out, err = call()
    assert code == 0, err
    assert "paper 23.50 (+3.50)" in out
    assert "5 training stages done, 1 taken from another row" in err
    folder = tmp_path / "runs" / "toy@1" / "ablations" / "steps"
    names = {path.name for path in folder.iterdir()}
    assert {f"ablation.{kind}" for kind in ("json", "md", "csv", "tex", "html")} <= names
    assert {"results.json", "index.html", "items", "videos"} <= names
    with (folder / "ablation.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert {line["row"] for line in lines} == {row.name for row in staged.GRID.rows}
    kept = next(x for x in lines if x["row"] == "high" and x["column"] == "psnr")
    assert float(kept["paper"]) == 23.5
    assert kept["paper_note"] == "another protocol"


def test_the_page_of_the_run_shows_the_ablation(call, tmp_path):
    home = tmp_path / "runs" / "toy@1"
    assert call()[0] == 0
    assert not (home / "index.html").exists()  # there is no run yet, only its ablation
    own = (home / "ablations" / "steps" / "index.html").read_text("utf-8")
    assert 'id="ablation-steps"' in own
    for name in ("results.json", "items"):  # a run of the same rows
        source = home / "ablations" / "steps" / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, home / name)
    assert call()[0] == 0
    page = (home / "index.html").read_text("utf-8")
    assert 'id="ablation-steps"' in page
    assert "paper 23.50 (+3.50)" in page


def test_the_second_time_nothing_is_done(call):
    first = call()[1]
    trained = len(staged.Staged.trained)
    code, out, err = call()
    assert code == 0
    assert len(staged.Staged.trained) == trained
    assert "Nothing to do" in err
    assert out == first


def test_report_shows_the_table_again(call, command, tmp_path):
    shown = call()[1]
    folder = tmp_path / "runs" / "toy@1" / "ablations" / "steps"
    code, out, _ = command("report", folder)
    assert code == 0
    assert out == shown
    code, _, err = command("report", folder, "--columns", "psnr")
    assert code == 2
    assert "or name them in the grid" in err


def test_an_override_reaches_every_row_and_the_caption(call):
    out = call("--set", "base=5", "--grid", "steps.yaml")
    assert out[0] != 0  # no such file here
    grid = {**staged.GRID_VALUES, "rows": staged.GRID_VALUES["rows"][:3]}
    with open("steps.yaml", "w") as file:
        yaml.safe_dump(grid, file)
    code, out, err = call("--set", "base=5", "--grid", "steps.yaml")
    assert code == 0, err
    assert "base=5" in out
    assert {inputs["base"] for _, inputs in staged.Staged.trained} == {5}


@pytest.fixture(autouse=True)
def own_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--grid", "tabel2"), "unknown grid of staged 'tabel2'"),
        (("--method", "stagd"), "Did you mean 'staged'"),
        (("--set", "lift=3"), "it sets lift, and so does --set"),
        (("--set", "base=many"), "'many' is text"),
        (("--sequences", "b"), "unknown sequence of toy@1 'b'"),
        (("--sequences", "a,,b"), "contains an empty name. Write --sequences a,b"),
        (("--preset", "paper"), "unknown preset of staged 'paper'"),
        (("--metrics", "psnrr"), "unknown metric 'psnrr'"),
    ],
)
def test_mistakes_are_sentences(call, arguments, sentence):
    code, _, err = call(*arguments)
    assert code in (1, 2)
    assert sentence in err
    assert "Traceback" not in err
    assert not staged.Staged.trained
