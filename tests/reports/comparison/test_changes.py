"""Comparisons: what changed, what may be claimed, what is refused."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re

import numpy as np
import pytest
from scipy import stats

from harness.contracts import BadInput, UnknownName
from reports.comparison import changes as compare
from reports.comparison import comparison, protocol
from reports.comparison import rows as sides
from reports.comparison import tables as comparison_tables
from tests.reports import simulated


@pytest.fixture
def run(tmp_path):
    simulated.write(tmp_path / "a", simulated.facts(8))
    return tmp_path / "a"


def made(a, b, columns=(), **options):
    pairs = sides.match(sides.open_sides(str(a)), sides.open_sides(str(b)))
    return comparison.make(pairs, (str(a), str(b)), columns, **options)


def by_column(found):
    return {change.column: change for change in found.changes}


def test_rows_of_one_folder(run):
    found = made(f"{run}::still", f"{run}::ua3dtalk [audio]")
    changes = by_column(found)
    assert {c.verdict for n, c in changes.items() if n != "e_fid/synthetic"} == {"better"}
    psnr = changes["psnr"]
    assert psnr.difference.value == pytest.approx(psnr.b - psnr.a)
    assert psnr.difference.value == pytest.approx(3.0, abs=0.3)  # planted: 3 spreads of 1 dB
    assert psnr.difference.high - psnr.difference.low < 1.0
    assert psnr.p >= psnr.difference.p
    assert changes["lmd/synthetic"].difference.value < 0
    assert "over subjects (8, 64 sequences)" in found.scope
    back = by_column(made(f"{run}::ua3dtalk [audio]", f"{run}::still"))
    assert back["psnr"].verdict == "worse"
    assert back["psnr"].difference.high == pytest.approx(-psnr.difference.low)


def test_equal_results_are_equal(run):
    found = made(run, run)
    assert {change.verdict for change in found.changes} == {"equal"}
    assert {change.row for change in found.changes} == {
        "ua3dtalk [audio]",
        "talkinggaussian [audio]",
        "still",
    }


def test_a_frechet_distance_has_a_difference_and_no_interval(run):
    change = by_column(made(f"{run}::still", f"{run}::ua3dtalk"))["e_fid/synthetic"]
    assert change.difference is None
    assert change.p is None
    assert change.verdict == "untested"
    assert change.delta == pytest.approx(-0.3)
    assert "not a mean of items" in change.reason


def test_worst_items_are_named_with_sequence_and_frame(tmp_path):
    facts = simulated.facts(3)
    simulated.write(tmp_path / "a", facts)
    results = simulated.write(tmp_path / "b", facts)
    row = next(r for r in results.rows if r.method == "ua3dtalk")

    def frame_is_worse(column, sequence, values):
        if (column, sequence) == ("psnr", "m001/sad-3"):
            values[40] -= 7.5
        return values

    simulated.edit(tmp_path / "b", row, frame_is_worse)
    score = row.scores["psnr"]
    lower = dataclasses.replace(score, value=score.value - 7.5 / 75 / len(facts))
    rows = [
        dataclasses.replace(r, scores={**r.scores, "psnr": lower}) if r is row else r
        for r in results.rows
    ]
    changed = dataclasses.replace(results, rows=tuple(rows))
    (tmp_path / "b" / "results.json").write_text(json.dumps(changed.to_json()))
    found = made(f"{tmp_path}/a::ua3dtalk", f"{tmp_path}/b::ua3dtalk")
    change = by_column(found)["psnr"]
    assert len(change.worse) == 1
    assert (change.worse[0].sequence, change.worse[0].item) == ("m001/sad-3", 40)
    assert change.worse[0].b - change.worse[0].a == pytest.approx(-7.5)
    assert change.better == ()
    assert any("m001/sad-3 frame 40" in line for line in comparison.extreme_lines(found))


def test_windows_are_not_called_frames(run):
    change = by_column(made(f"{run}::still", f"{run}::ua3dtalk"))["sync_c/synthetic"]
    assert {m.unit for m in change.better} == {"window"}


def test_failed_items_are_counted_on_either_side(tmp_path):
    facts = simulated.facts(3)
    fails = [("ua3dtalk", "m000/sad-1", 4), ("still", "m000/sad-1", 9), ("still", "m000/sad-1", 8)]
    simulated.write(tmp_path, facts, fails=fails)
    change = by_column(made(f"{tmp_path}::still", f"{tmp_path}::ua3dtalk"))["psnr"]
    assert change.difference.failed == 3
    assert change.difference.n == 75 * 24 - 3


def test_one_sequence_claims_nothing_beyond_itself(tmp_path):
    one = dict(list(simulated.facts(1).items())[:1])
    simulated.write(tmp_path, one, frames=150)
    found = made(f"{tmp_path}::still", f"{tmp_path}::ua3dtalk")
    assert "within this sequence" in found.scope
    assert "nothing is claimed for other sequences" in found.scope
    assert by_column(found)["psnr"].difference.level == "blocks"
    few = dict(list(simulated.facts(1).items())[:5])
    simulated.write(tmp_path / "b", few)
    assert "within this subject" in made(f"{tmp_path}/b::still", f"{tmp_path}/b::ua3dtalk").scope


def test_between_the_raw_and_the_corrected_p_lies_maybe():
    found = compare.estimate([], 5)
    one = dataclasses.replace(found, value=1.0, low=0.1, high=2.0, p=0.03, error=0.4)
    change = compare.Change("psnr", "up", 1.0, 2.0, one, p=0.2)
    assert change.verdict == "maybe better"
    assert dataclasses.replace(change, direction="down").verdict == "maybe worse"
    assert dataclasses.replace(change, direction="none").verdict == "changed"
    assert dataclasses.replace(change, p=0.04).verdict == "better"
    unsure = dataclasses.replace(change, difference=dataclasses.replace(one, p=0.3))
    assert unsure.verdict == "unclear"


def test_correction_is_over_the_columns_asked_for(run):
    pair = f"{run}::talkinggaussian", f"{run}::ua3dtalk"
    all_, one = by_column(made(*pair)), by_column(made(*pair, ["psnr"]))
    assert set(one) == {"psnr"}
    assert one["psnr"].p == one["psnr"].difference.p <= all_["psnr"].p
    with pytest.raises(UnknownName, match="psnr"):
        made(*pair, ["psnrr"])


@pytest.mark.parametrize(
    ("changes", "fact"),
    [
        ({"fps": 30.0}, "fps 25.0 in A, 30.0 in B"),
        ({"height": 256}, "height 128 in A, 256 in B"),
        ({"composite": "black"}, "composite 'plate' in A, 'black' in B"),
        ({"test_frames": 5}, "test_frames 4800 in A, 5 in B"),
    ],
)
def test_another_protocol_is_refused_with_every_difference(run, tmp_path, changes, fact):
    simulated.write(tmp_path / "b", simulated.facts(8), **changes)
    with pytest.raises(BadInput, match=re.escape(fact)):
        made(run, tmp_path / "b")


def test_other_sequences_splits_and_weights_are_refused(run, tmp_path):
    results = simulated.write(tmp_path / "b", simulated.facts(8))
    weights = [{"net": digest * 32} for digest in ("ab", "cd")]
    for folder, digest in zip((run, tmp_path / "b"), weights, strict=True):
        data = json.loads((folder / "results.json").read_text())
        for row in data["rows"]:
            row["scores"]["psnr"]["details"] = {"weights": digest}
        (folder / "results.json").write_text(json.dumps(data))
    with pytest.raises(BadInput, match=r"psnr: weights \{net abababababab\} in A"):
        made(run, tmp_path / "b")
    rows = [dataclasses.replace(row, split="other@2") for row in results.rows]
    results = dataclasses.replace(results, rows=tuple(rows))
    (tmp_path / "b" / "results.json").write_text(json.dumps(results.to_json()))
    with pytest.raises(BadInput, match="split 'simulated@1' in A, 'other@2' in B"):
        made(run, tmp_path / "b")
    simulated.write(tmp_path / "c", simulated.facts(7), test_frames=4800)
    with pytest.raises(BadInput, match="sequences only in A: m007/angry-1"):
        made(run, tmp_path / "c")


def state(folder, code="", made=()):
    """Let the results say which code made psnr: in its column, and in the cells of every row."""
    data = json.loads((folder / "results.json").read_text())
    data["columns"]["psnr"]["code"] = code
    for row in data["rows"]:
        row["made_with"] = {"code:psnr": list(made)} if made else {}
    (folder / "results.json").write_text(json.dumps(data))


def test_other_metric_code_is_refused_where_it_is_known(run, tmp_path):
    simulated.write(tmp_path / "b", simulated.facts(8))
    state(run, "aa")
    state(tmp_path / "b", "bb")
    with pytest.raises(BadInput, match="psnr: metric code aa in A, bb in B"):
        made(run, tmp_path / "b")
    (side,) = sides.open_sides(f"{run}::still")
    assert protocol.code_differences(side, side) == []
    state(tmp_path / "b", "aa")
    assert by_column(made(run, tmp_path / "b"))["psnr"].verdict == "equal"


def test_the_code_of_the_cells_counts_before_that_of_today(run, tmp_path):
    simulated.write(tmp_path / "b", simulated.facts(8))
    state(run, "today", ["old"])
    state(tmp_path / "b", "today", ["other"])
    with pytest.raises(BadInput, match="psnr: metric code old in A, other in B"):
        made(run, tmp_path / "b")
    state(tmp_path / "b", "tomorrow", ["other", "old"])  # some of its cells were made alike
    assert by_column(made(run, tmp_path / "b"))["psnr"].verdict == "equal"


def test_other_packages_and_threads_are_remarked(run, tmp_path):
    simulated.write(tmp_path / "b", simulated.facts(8))
    for folder, version in ((run, "2.12.0"), (tmp_path / "b", "2.13.0")):
        data = json.loads((folder / "results.json").read_text())
        for row in data["rows"]:
            row["made_with"] = {"torch": [version], "threads": ["2"]}
        (folder / "results.json").write_text(json.dumps(data))
    remarks = made(run, tmp_path / "b").remarks
    assert "torch: 2.12.0 in A, 2.13.0 in B." in remarks
    assert not any("threads" in line for line in remarks)


def spread(folder, level, without=(), by_seed=()):
    """Let the results hold e_fid without parts, or of each seed: per row its values."""
    data = json.loads((folder / "results.json").read_text())
    for row in data["rows"]:
        score = row["scores"]["e_fid/synthetic"]
        if row["method"] in dict(without):
            score["without"] = {f"p{i}": v for i, v in enumerate(dict(without)[row["method"]])}
            score["level"] = level
        if row["method"] in dict(by_seed):
            score["by_seed"] = {str(i): v for i, v in enumerate(dict(by_seed)[row["method"]])}
    (folder / "results.json").write_text(json.dumps(data))


def test_a_pooled_column_is_compared_by_leaving_subjects_out(run):
    base = [2.2, 2.3, 2.1, 2.25, 2.2, 2.15]
    shift = np.array([0.30, 0.31, 0.29, 0.32, 0.28, 0.30])
    spread(run, "left-out subjects", {"still": base, "ua3dtalk": base - shift})
    found = made(f"{run}::still", f"{run}::ua3dtalk")
    change = by_column(found)["e_fid/synthetic"]
    assert change.verdict == "better"
    values = -shift
    half = stats.t.ppf(0.975, 5) * np.sqrt(5 / 6 * np.square(values - values.mean()).sum())
    assert change.difference.value == pytest.approx(-0.3)
    assert change.difference.high == pytest.approx(-0.3 + half)
    assert change.p >= change.difference.p
    raw = [c.difference.p for c in found.changes if c.difference and c.direction != "none"]
    assert len(raw) == len(simulated.COLUMNS) + 1  # Holm counts it with the others
    assert "over subjects (8, 64 sequences)" in found.scope
    text = "95% intervals of e_fid/synthetic: not a mean of items; over subjects, each left out in"
    assert f"{text} turn (6)." in found.scope
    assert change.a == pytest.approx(2.2)
    assert "e_fid" in comparison_tables.FORMATS["md"](found).split("left out in turn")[0]


def test_trainings_are_compared_where_nothing_was_left_out(run):
    spread(run, "", by_seed={"still": [2.2, 2.2, 2.2], "ua3dtalk": [1.89, 1.9, 1.91]})
    found = made(f"{run}::still", f"{run}::ua3dtalk")
    change = by_column(found)["e_fid/synthetic"]
    assert (change.verdict, change.difference.level) == ("better", "seeds")
    assert "over training runs with other seeds, on the same sequences (3)" in found.scope
    spread(run, "", by_seed={"ua3dtalk": [1.9, 1.9, 1.9]})
    change = by_column(made(f"{run}::still", f"{run}::ua3dtalk"))["e_fid/synthetic"]
    assert (change.verdict, change.difference) == ("untested", None)
    assert "nothing varies" in change.reason


def test_unknown_rows_and_several_runs_are_refused(run, tmp_path):
    with pytest.raises(BadInput, match=r"0 rows are called 'x'.*'still'"):
        sides.open_sides(f"{run}::x")
    simulated.write(tmp_path / "b", simulated.facts(1))
    with pytest.raises(BadInput, match="holds 2 runs"):
        sides.open_sides(str(tmp_path))
    with pytest.raises(BadInput, match="no row in common"):
        only = [sides.open_sides(f"{run}::still")[0]] * 2
        sides.match(only, [sides.open_sides(f"{run}::ua3dtalk")[0]] * 2)


@pytest.mark.parametrize("format_", comparison_tables.FORMATS)
def test_every_format_says_the_change_and_its_scope(run, format_):
    text = comparison_tables.FORMATS[format_](made(f"{run}::still", f"{run}::ua3dtalk"))
    assert "psnr" in text
    if format_ == "csv":
        line = next(csv.DictReader(io.StringIO(text)))
        assert line["verdict"] == "better"
        assert float(line["low"]) < float(line["difference"]) < float(line["high"])
        return
    assert "over subjects" in text
    assert re.search(r"\+[23]\.\d\d", text)


def test_remarks_on_seeds_and_drives(tmp_path):
    simulated.write(tmp_path, simulated.facts(2), seeds=(0, 1))
    rows = {**simulated.ROWS, "ua3dtalk": ("method", "audio+au", 1.0)}
    simulated.write(tmp_path / "b", simulated.facts(2), rows=rows)
    found = made(f"{tmp_path}::ua3dtalk", f"{tmp_path}/b::ua3dtalk")
    assert "A is driven by 'audio', B by 'audio+au'." in found.remarks
    assert any("means over 2 seeds in A and 1 in B" in line for line in found.remarks)
    assert np.isfinite(found.changes[0].difference.low)


def test_sequences_that_failed_on_one_side_are_named(tmp_path):
    results = simulated.write(tmp_path, simulated.facts(3))
    row = results.rows[1]
    simulated.edit(tmp_path, row, lambda _, sequence, v: None if sequence == "m002/sad-3" else v)
    rest = {n: dataclasses.replace(s) for n, s in row.scores.items()}
    fewer = dataclasses.replace(row, scores=rest)
    side = sides.side(tmp_path, results, fewer)
    value = np.mean([v.mean() for v in side.items.column("psnr").values()])
    rest["psnr"] = dataclasses.replace(rest["psnr"], value=float(value))
    pairs = [(sides.side(tmp_path, results, results.rows[3]), side)]
    found = comparison.make(pairs, ("a", "b"), ["psnr"])
    assert "sequences only in A, not compared (m002/sad-3): psnr" in comparison.notes(found)
    assert found.changes[0].difference.sequences == 23
