"""Every format shows the same rows; who competes for best; what could not be scored."""

from __future__ import annotations

import csv
import io
import json

import pytest

from harness.contracts import FailedCell, Results, Row, Score, UnknownName
from reports import layout, stored, tables
from reports.page import assemble as page


def row(method, role, drive, scores, **changes):
    facts = {
        "method": method,
        "title": method,
        "role": role,
        "drive": drive,
        "split": "toy@1",
        "preset": "quick",
        "seeds": (0,),
        "sequences": ("toy/a",),
        "protocol": {
            "fps": 25.0,
            "height": 24,
            "width": 24,
            "composite": "plate",
            "test_frames": 4,
        },
        "scores": scores,
    }
    return Row(**{**facts, **changes})


@pytest.fixture
def results():
    column = {"unit": "", "range": [None, None], "summary": "s", "reference": "r", "metric": "m"}
    return Results(
        rows=(
            row(
                "ground-truth",
                "oracle",
                "audio",
                {"psnr": Score("ok", 100.0), "lmd/x": Score("ok", 0.0)},
            ),
            row(
                "ua3dtalk",
                "method",
                "audio+au",
                {
                    "psnr": Score("ok", 30.127, 29.5, 31.0, 4),
                    "lmd/x": Score("ok", 1.5, failures=2, n=2),
                },
            ),
            row(
                "ua3dtalk",
                "method",
                "shuffled-audio",
                {"psnr": Score("ok", 31.0), "lmd/x": Score("failed", reason="no face")},
            ),
            row(
                "still",
                "baseline",
                "audio",
                {
                    "psnr": Score("ok", 22.0),
                    "lpips/alex": Score("unavailable", reason="no weights & no <cure>"),
                },
            ),
        ),
        columns={
            "psnr": {**column, "direction": "up", "unit": "dB"},
            "lmd/x": {**column, "direction": "down"},
            "lpips/alex": {**column, "direction": "down"},
        },
        failures=(
            FailedCell("ua3dtalk", "shuffled-audio", "toy/a", 0, "score", "NoFace", "no face"),
        ),
        provenance={"plan": "p", "hardware": {"cpu": "a_cpu"}},
    )


def test_best_is_among_those_who_compete(results):
    assert layout.best_rows(results, "psnr") == {1}
    assert layout.best_rows(results, "lmd/x") == {1}


def test_json_holds_what_the_design_asks(results):
    data = json.loads(tables.render(results, "json"))
    assert data["schema_version"] == 4
    column = data["rows"][1]["columns"]["psnr"]
    assert (column["value"], column["low"], column["high"], column["n"]) == (30.127, 29.5, 31.0, 4)
    assert data["rows"][1]["sequence_count"] == 1
    assert data["rows"][3]["columns"]["lpips/alex"]["variant"] == "alex"


def test_csv_reads_back(results):
    lines = list(csv.DictReader(io.StringIO(tables.render(results, "csv"))))
    assert len(lines) == 8
    failed = next(x for x in lines if x["status"] == "failed")
    assert failed["value"] == ""


@pytest.mark.parametrize("format_", ["table", "md", "tex"])
def test_text_formats_show_all_rows_values_and_failures(results, format_):
    text = tables.render(results, format_)
    for needle in ("ground-truth", "30.13", "22.00", "1.500", "failed"):
        assert needle in text
    if format_ != "tex":
        assert "2 of 4 items could not be scored" in text
        assert "NoFace" in text


def test_best_is_bold(results):
    assert "**30.13**" in tables.render(results, "md")
    assert r"\textbf{30.13}" in tables.render(results, "tex")
    assert r"ua3dtalk [audio+au]" in tables.render(results, "tex")


def test_unavailable_columns_are_left_out_of_narrow_tables(results):
    assert "lpips/alex" not in tables.render(results, "tex")
    assert "no weights" in tables.render(results, "md")


def test_unknown_format(results):
    with pytest.raises(UnknownName, match="Did you mean 'html'"):
        tables.render(results, "htm")


def test_page_is_self_contained_and_escapes(results, tmp_path):
    html = page.write(results, tmp_path).read_text("utf-8")
    for needle in ("ground-truth", "30.13", "29.50 to 31.00", "lpips", "n/a"):
        assert needle in html
    assert "<cure>" not in html
    assert 'src="http' not in html
    assert 'href="http' not in html


def test_unchanged_wants_the_same_plan_and_no_failures(results, tmp_path):
    (tmp_path / "results.json").write_text(json.dumps(results.to_json()))
    assert stored.unchanged(tmp_path, "p") is None  # it has a failure: try again
    clean = {**results.to_json(), "failures": []}
    (tmp_path / "results.json").write_text(json.dumps(clean))
    assert stored.unchanged(tmp_path, "p").rows == results.rows
    assert stored.unchanged(tmp_path, "other") is None
    assert stored.unchanged(tmp_path / "absent", "p") is None
    path = tmp_path / stored.FILE
    older = json.loads(path.read_text()) | {"schema_version": 3}
    path.write_text(json.dumps(older))
    assert stored.unchanged(tmp_path, "p") is None  # gathered again, it says more
