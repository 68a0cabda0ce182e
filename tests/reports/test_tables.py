"""Every format shows the same rows; who competes for best; what could not be scored."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

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


def test_best_is_decided_before_rounding_and_shared_by_equal_values(results):
    def with_values(*values):
        rows = [
            replace(row, scores={"psnr": Score("ok", value)})
            for row, value in zip(results.rows[1::2], values, strict=True)
        ]
        return replace(results, rows=tuple(rows))

    close = with_values(30.0012, 30.0011)
    assert layout.best_rows(close, "psnr") == {0}
    text = tables.render(close, "md")
    assert "**30.0012**" in text
    assert "| 30.0011 |" in text
    assert layout.best_rows(with_values(30.0, 30.0), "psnr") == {0, 1}
    small = with_values(3.97e-05, 1.14e-05)
    small = replace(small, columns={"psnr": {**results.columns["psnr"], "direction": "down"}})
    text = tables.render(small, "md")
    assert "**1.14e-05**" in text
    assert "| 3.97e-05 |" in text


def test_baselines_are_not_best_in_speed(results):
    facts = {**results.columns["psnr"], "needs_timing": True}
    fast = replace(results.rows[3], scores={"psnr": Score("ok", 1e6)})
    timed = replace(results, rows=(*results.rows[:3], fast), columns={"psnr": facts})
    assert layout.best_rows(timed, "psnr") == {1}


def test_failures_say_where_in_the_code_and_in_which_log(results):
    (failure,) = results.failures
    found = replace(failure, kind="score lmd", where="metrics/lmd.py:12", log="logs/a.txt")
    for format_ in ("table", "md"):
        text = " ".join(tables.render(replace(results, failures=(found,)), format_).split())
        assert "FAILED score lmd of ua3dtalk [shuffled-audio] on toy/a, seed 0: NoFace" in text
        assert "(metrics/lmd.py:12; log logs/a.txt)" in text


def test_rows_made_with_other_versions_say_so(results):
    """Cells of several processes and days stand in one table."""
    old = {"torch": ("2.12.0",), "code:m": ("aa",)}
    new = {"torch": ("2.13.0",), "code:m": ("bb",)}
    rows = [replace(r, made_with=v) for r, v in zip(results.rows[:2], (old, new), strict=True)]
    mixed = replace(results, rows=tuple(rows), provenance={"packages": {"torch": "today's"}})
    notes = tables.footnotes(mixed)
    assert "computed with different torch: 2.12.0 (ground-truth); 2.13.0 (ua3dtalk [audio+au])" in (
        notes
    )
    assert any(
        line.startswith("computed with different code of the metric m: aa") for line in notes
    )
    made = json.loads(tables.render(mixed, "json"))["provenance"]
    assert made["made_with"]["torch"] == "2.12.0, 2.13.0"
    assert "packages" not in made
    alike = replace(mixed, rows=(rows[0], replace(rows[1], made_with=old)))
    assert not any("different" in line for line in tables.footnotes(alike))


def test_overrides_of_a_preset_are_part_of_a_rows_name(results):
    row = replace(results.rows[1], options={"steps": 3, "use_au": False})
    assert layout.row_label(row) == "ua3dtalk [audio+au] (steps=3, use_au=False)"


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
    for needle in ("ground-truth", "30.13", "29.50–31.00", "lpips", "absent"):
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
