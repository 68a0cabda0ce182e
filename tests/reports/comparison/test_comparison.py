"""What a comparison says beside its numbers: kinds of intervals, what is left out, p-values."""

from __future__ import annotations

import dataclasses
import json

import pytest

from reports.comparison import changes as compare
from reports.comparison import comparison, protocol
from reports.comparison import rows as sides
from tests.reports import simulated
from tests.reports.comparison.test_changes import by_column, made


@pytest.fixture
def run(tmp_path):
    simulated.write(tmp_path / "a", simulated.facts(8))
    return tmp_path / "a"


def test_the_scope_is_told_of_every_kind_of_interval(run):
    """Six blocks are more clusters than three subjects, and speak of less."""
    one = by_column(made(f"{run}::still", f"{run}::ua3dtalk"))["psnr"]

    def with_level(column, level, **facts):
        changed = dataclasses.replace(one.difference, level=level, **facts)
        return dataclasses.replace(one, column=column, difference=changed)

    found = [
        with_level("psnr", "subjects", subjects=3, sequences=24, clusters=3),
        with_level("ssim", "subjects", subjects=3, sequences=24, clusters=3),
        with_level("lpips", "blocks", clusters=6),
        with_level("lmd", "none", clusters=0),
    ]
    text = compare.scope(found)
    assert text.startswith(
        "95% intervals: over subjects (3, 24 sequences); with fewer than 6 subjects"
    )
    assert "95% intervals of lpips: within this sequence" in text
    assert "95% intervals of lmd: no interval: too few items." in text
    rows = [dataclasses.replace(found[0], row="a"), dataclasses.replace(found[0], row="b")]
    few = dataclasses.replace(found[2], row="b", column="psnr")
    text = compare.scope([*rows, few])
    assert "95% intervals of psnr of b: within this sequence" in text


def test_pooled_columns_of_several_rows_are_told_apart(run):
    """The last row's kind of interval is not that of all rows."""
    one = by_column(made(f"{run}::still", f"{run}::ua3dtalk"))["psnr"]
    kinds = {"a": ("left-out subjects", 6), "b": ("seeds", 3)}
    found = [
        dataclasses.replace(
            one,
            column="e_fid",
            row=row,
            pairs=None,
            difference=dataclasses.replace(one.difference, level=level, clusters=clusters),
        )
        for row, (level, clusters) in kinds.items()
    ]
    text = compare.scope(found)
    assert "intervals of e_fid of a: not a mean of items; over subjects, each left out" in text
    assert "intervals of e_fid of b: not a mean of items; over training runs" in text


def test_what_one_side_has_alone_is_named(run, tmp_path):
    rows = {k: v for k, v in simulated.ROWS.items() if k != "talkinggaussian"}
    results = simulated.write(tmp_path / "b", simulated.facts(8), rows=rows)
    a, b = sides.open_sides(str(run)), sides.open_sides(str(tmp_path / "b"))
    pairs = sides.match(a, b)
    assert sides.unmatched(a, b, pairs) == ["rows only in A, not compared: talkinggaussian [audio]"]
    assert sides.unmatched(b, b, sides.match(b, b)) == []
    row = results.rows[1]
    fewer = {name: score for name, score in row.scores.items() if name != "psnr"}
    side = sides.side(tmp_path / "b", results, dataclasses.replace(row, scores=fewer))
    assert "columns only in A, not compared: psnr" in protocol.remarks([(b[0], side)])
    assert "columns only in B, not compared: psnr" in protocol.remarks([(side, b[0])])


def test_metric_code_that_one_side_does_not_state_is_told(run, tmp_path):
    simulated.write(tmp_path / "b", simulated.facts(8))
    data = json.loads((run / "results.json").read_text())
    for facts in data["columns"].values():
        facts["code"] = "abc"
    (run / "results.json").write_text(json.dumps(data))
    told = [
        line for line in made(run, tmp_path / "b").remarks if "not recorded on both sides" in line
    ]
    assert len(told) == 1
    assert all(facts["metric"] in told[0] for facts in data["columns"].values())
    assert not any("not recorded on both sides" in line for line in made(run, run).remarks)


@pytest.mark.parametrize(
    ("p", "text"), [(None, ""), (0.0, "<0.0001"), (4e-5, "<0.0001"), (0.0321, "0.0321")]
)
def test_no_p_value_is_written_as_zero(p, text):
    assert comparison.p_text(p) == text


def test_a_column_without_direction_has_no_corrected_p(run):
    change = by_column(made(f"{run}::still", f"{run}::ua3dtalk"))["psnr"]
    assert comparison.texts(change)["p"]
    plain = dataclasses.replace(change, direction="none", p=0.01)
    assert comparison.texts(plain)["p"] == ""
    assert comparison.texts(plain)["verdict"] == "◆ changed"
    assert "◆" in comparison.LEGEND


def test_speed_has_no_interval_for_a_reason_of_its_own(run):
    data = json.loads((run / "results.json").read_text())
    data["columns"]["e_fid/synthetic"]["needs_timing"] = True
    (run / "results.json").write_text(json.dumps(data))
    change = by_column(made(f"{run}::still", f"{run}::ua3dtalk"))["e_fid/synthetic"]
    assert change.verdict == "untested"
    assert change.reason.startswith("speed depends on machine load")
