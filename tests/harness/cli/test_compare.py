"""`compare`, `report --by` and `report --columns` as a user meets them."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "reports"))
import simulated


@pytest.fixture
def run(tmp_path):
    simulated.write(tmp_path / "a", simulated.facts(3))
    return tmp_path / "a"


def test_compare_prints_and_ends_well_even_where_it_got_worse(command, run):
    rows = f"{run}::ua3dtalk [audio]", f"{run}::still"
    code, out, _ = command("compare", *rows)
    assert code == 0
    assert "▼ worse" in out
    assert "over subjects (3, 24 sequences)" in out
    assert "largest losses: m00" in out
    assert out.count("its value is not a mean of items") == 1
    assert "not tested [1]: its value" in out


def test_items_of_columns_that_nothing_tells_apart_are_left_to_the_page(command, run, tmp_path):
    simulated.write(tmp_path / "b", simulated.facts(3), seed=5)
    code, out, _ = command("compare", run, tmp_path / "b")
    assert code == 0
    assert out.count("· unclear") == 9
    assert "largest losses" not in out
    _, out, _ = command("compare", run, tmp_path / "b", "--format", "md")
    assert "largest losses" in out


def test_compare_writes_files(command, run, tmp_path):
    target = tmp_path / "page.html"
    code, out, _ = command("compare", run, run, "--format", "html", "--out", target)
    assert code == 0
    assert str(target) in out
    assert "= equal" in target.read_text("utf-8")


def test_compare_names_rows_that_only_one_run_has(command, run, tmp_path):
    rows = {name: facts for name, facts in simulated.ROWS.items() if name != "still"}
    simulated.write(tmp_path / "b", simulated.facts(3), rows=rows)
    code, out, _ = command("compare", run, tmp_path / "b", "--format", "md")
    assert code == 0
    assert "rows only in A, not compared: still" in out


def test_rows_that_are_equal_throughout_take_one_line(command, run):
    _, out, _ = command("compare", run, run)
    for row in ("ua3dtalk [audio]", "talkinggaussian [audio]", "still"):
        assert f"{row}: all 4 columns are equal\n" in out
    assert "psnr" not in out


def test_compare_knows_families_of_columns_as_report_does(command, run):
    code, out, _ = command("compare", run, run, "--columns", "lmd,sync_c", "--format", "csv")
    assert code == 0
    found = {line["column"] for line in csv.DictReader(io.StringIO(out))}
    assert found == {"lmd/synthetic", "sync_c/synthetic"}


def test_compare_refuses_other_protocols(command, run, tmp_path):
    simulated.write(tmp_path / "b", simulated.facts(3), fps=30.0)
    code, _, err = command("compare", run, tmp_path / "b")
    assert code == 2
    assert "fps 25.0 in A, 30.0 in B" in err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--format", "xls"), "unknown comparison format 'xls'"),
        (("--columns", "psnrr"), "unknown column 'psnrr'. Did you mean 'psnr'"),
    ],
)
def test_mistakes_are_sentences(command, run, arguments, sentence):
    code, _, err = command("compare", run, run, *arguments)
    assert code == 2
    assert sentence in err


def test_damaged_items_are_named(command, run):
    name = json.loads((run / "results.json").read_text())["rows"][1]["items"][0]
    (run / name).write_text("{\n")
    code, _, err = command("compare", run, run)
    assert code == 2
    assert "not a readable CSV file of items" in err
    assert Path(name).name in err


def test_report_of_chosen_columns(command, run):
    for wanted, heads in (
        ("lmd,psnr", {"psnr", "lmd/synthetic"}),
        ("sync_c", {"sync_c/synthetic"}),
    ):
        arguments = "report", run, "--columns", wanted, "--format"
        code, out, _ = command(*arguments, "csv")
        assert code == 0
        assert {line["column"] for line in csv.DictReader(io.StringIO(out))} == heads
        _, out, _ = command(*arguments, "tex")
        assert f"{{l{'r' * len(heads)}}}" in out
    code, _, err = command("report", run, "--columns", "psnr,lpps")
    assert code == 2
    assert "unknown column 'lpps'" in err
    code, _, err = command("report", run, "--columns", "psnr", "--format", "html")
    assert code == 2
    assert "a page shows all columns" in err


def test_report_by_emotion(command, run):
    arguments = "report", run, "--by", "emotion,intensity", "--columns", "psnr", "--format", "md"
    code, out, _ = command(*arguments)
    assert code == 0
    assert "| happy | 3 | 3 | 225 |" in out
    _, subjects, _ = command("report", run, "--by", "subject", "--format", "csv")
    _, persons, _ = command("report", run, "--by", "person", "--format", "csv")
    assert subjects == persons
    assert "M002" in subjects
    code, _, err = command("report", run, "--by", "emotions")
    assert code == 2
    assert "unknown key of sequences 'emotions'" in err
