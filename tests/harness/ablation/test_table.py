"""Ablation tables: changes with intervals, Holm over the table, and the paper's row beside."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
from scipy import stats

from harness.ablation import formats as ablation_tables
from harness.ablation import table as ablation
from harness.ablation.texts import change_text, notes
from harness.contracts import BadInput, Results, Row, Score
from reports import items
from reports.statistics import Series, estimate, holm
from tests.reports import markup, simulated

COUNT, NAMES = 200, ("base", "better", "worse")
MEAN = "mean of items"
SHIFTS = {"base": 0.0, "better": 2.0, "worse": -1.0}
PROTOCOL = {
    "fps": 25.0, "height": 8, "width": 8, "composite": "plate", "test_frames": 2 * COUNT,
}  # fmt: skip
COLUMNS = {
    "psnr": ("up", "dB"),
    "lmd/synthetic": ("down", "px"),
    "e_fid/synthetic": ("down", ""),
    "jitter": ("none", ""),
    "absent": ("up", ""),
}


def values(name, sequence, seed):
    rng = np.random.default_rng([len(sequence), ord(sequence[1]), seed])
    psnr = 25 + rng.normal(0, 0.5, COUNT)
    own = np.random.default_rng([NAMES.index(name), ord(sequence[1]), seed])
    return psnr + SHIFTS[name] + own.normal(0, 0.1, COUNT)


@pytest.fixture
def folder(tmp_path):
    rows = []
    sequences = ("p0-x", "p1-x")
    for index, name in enumerate(NAMES):
        entries, means, lmd = [], [], []
        for sequence in sequences:
            for seed in (0, 1):
                psnr = values(name, sequence, seed)
                series = {"psnr": psnr, "lmd/synthetic": psnr / 10, "jitter": psnr[:50]}
                entries += [(sequence, seed, column, v) for column, v in series.items()]
                means.append(psnr.mean())
                lmd.append(psnr.mean() / 10)
        items.write(tmp_path / f"items/{name}.csv", entries)
        scores = {
            "psnr": Score("ok", float(np.mean(means)), n=4 * COUNT),
            "lmd/synthetic": Score("ok", float(np.mean(lmd)), n=4 * COUNT),
            "e_fid/synthetic": Score("ok", 0.3 - index / 10, n=4 * COUNT),
            "jitter": Score("ok", 1.0),
            "absent": Score("unavailable", reason="no weights"),
        }
        rows.append(
            Row(
                f"m: {name}", "M", "method", "audio", "s@1", "quick", (0, 1), sequences,
                PROTOCOL, scores, items=(f"items/{name}.csv",),
            )
        )  # fmt: skip
    facts = {
        name: {
            "direction": d,
            "unit": u,
            "summary": "-",
            "reference": "-",
            "aggregation": "per sequence" if name in ("e_fid/synthetic", "jitter") else MEAN,
        }
        for name, (d, u) in COLUMNS.items()
    }
    people = {name: {"subject": name[:2]} for name in sequences}
    results = Results(tuple(rows), facts, (), {"hardware": {"cpu": "c"}}, people)
    (tmp_path / "results.json").write_text(json.dumps(results.to_json()))
    write(tmp_path)
    return tmp_path


def write(folder, **changes):
    said = {
        "schema_version": 1,
        "id": "g",
        "title": "A <grid>",
        "method": "m",
        "reference": "base",
        "columns": [],
        "paper": {"source": "A paper", "note": "at 512x512 & 30 fps"},
        "overrides": {"steps": 3},
        "rows": [
            {
                "name": name,
                "label": f"m: {name}",
                "drive": "audio",
                "set": {"k": name},
                "paper": {"psnr": 20.0 + SHIFTS[name], "e_fid": 0.25},
                "note": "",
            }
            for name in NAMES
        ],
    }
    (folder / "ablation.json").write_text(json.dumps({**said, **changes}))


def test_changes_are_paired_and_clustered_by_subject(folder):
    found = ablation.read(folder)
    change = found.lines[1].cells["psnr"].change
    series = []
    for sequence in ("p0-x", "p1-x"):
        differences = [
            values("better", sequence, seed) - values("base", sequence, seed) for seed in (0, 1)
        ]
        series.append(Series(sequence, np.mean(differences, 0), sequence[:2]))
    expected = estimate(series, 25)
    assert change.delta == pytest.approx(expected.value)
    assert (*change.interval, change.raw_p) == pytest.approx(
        (expected.low, expected.high, expected.p), abs=1e-6
    )
    assert change.difference.level == "subjects"
    assert change.interval[0] < 2 < change.interval[1]


def edited(folder, row, column, change):
    """Rewrite the items of a row in a column; its value becomes that of the others."""
    data = json.loads((folder / "results.json").read_text())
    (entry,) = [each for each in data["rows"] if each["method"] == f"m: {row}"]
    stored = Results.from_json(data).rows[NAMES.index(row)]

    def one(name, _, values):
        return change(values) if name == column else values

    simulated.edit(folder, stored, one)
    found = items.read(folder, stored).runs[column].values()
    entry["scores"][column]["value"] = float(np.mean([np.nanmean(values) for values in found]))
    (folder / "results.json").write_text(json.dumps(data))


def harder(values):
    """What is hard in the first half, for every row."""
    return values - 10.0 * (np.arange(len(values)) < COUNT // 2)


def test_a_change_is_over_the_items_that_both_rows_scored(folder):
    """The reference failed on its first half: its value is of other items than the row's."""
    before = ablation.read(folder).lines[1].cells["psnr"].change
    assert not any("items failed" in n for n in notes(ablation.read(folder)))
    edited(folder, "better", "psnr", harder)
    edited(folder, "base", "psnr", lambda v: np.where(np.arange(COUNT) < COUNT // 2, np.nan, v))
    found = ablation.read(folder)
    own, base = (found.lines[k].cells["psnr"].score.value for k in (1, 0))
    assert own < base  # the values alone would say that it is worse
    change = found.lines[1].cells["psnr"].change
    assert change.interval[0] < change.delta < change.interval[1]
    assert change.delta == pytest.approx(before.delta, abs=0.1)
    assert change.verdict == "better"
    (note,) = [n for n in notes(found) if "items failed" in n]
    assert note.startswith("psnr: ")


def verdicts(folder, name):
    return [line.cells[name].change.verdict for line in ablation.read(folder).lines[1:]]


def test_better_follows_the_columns_direction(folder):
    assert verdicts(folder, "psnr") == ["better", "worse"]
    assert verdicts(folder, "lmd/synthetic") == ["worse", "better"]
    assert verdicts(folder, "jitter") == ["equal", "equal"]


def test_a_column_that_is_not_a_mean_of_items_has_no_interval_and_no_star(folder):
    change = ablation.read(folder).lines[2].cells["e_fid/synthetic"].change
    assert change.delta == pytest.approx(-0.2)
    assert (change.interval, change.verdict) == (None, "untested")
    assert change_text(change) == "-0.200"
    assert ablation.read(folder).lines[1].cells["jitter"].change.interval is None


def test_rows_with_other_items_have_a_change_and_no_interval(folder):
    edited(folder, "better", "psnr", lambda values: values[:-1])
    change = ablation.read(folder).lines[1].cells["psnr"].change
    assert change.delta == pytest.approx(2.0, abs=0.1)
    assert (change.interval, change.reason) == (None, "the rows do not have the same items")


def spread(folder, **changes):
    """Let the results say of e_fid what it is without each sequence, or of each seed."""
    data = json.loads((folder / "results.json").read_text())
    for index, row in enumerate(data["rows"]):
        score = row["scores"]["e_fid/synthetic"]
        for field, values in changes.items():
            score[field] = values
            if isinstance(values, list):
                score[field] = {str(i): v for i, v in enumerate(values[index])}
    (folder / "results.json").write_text(json.dumps(data))


def test_a_pooled_column_has_an_interval_where_parts_were_left_out(folder):
    rng = np.random.default_rng(0)
    base = rng.normal(0.3, 0.02, 8)
    moved = [base - index / 10 + rng.normal(0, 0.001, 8) for index in range(3)]
    spread(folder, level="left-out sequences", without=moved)
    found = ablation.read(folder)
    change = found.lines[1].cells["e_fid/synthetic"].change
    theirs = jackknife((moved[1] - moved[0]), -0.1)
    assert (change.delta, *change.interval) == pytest.approx((-0.1, *theirs))
    assert change.verdict == "better"
    changes = claims(found)
    assert [c.p for c in changes] == holm([c.raw_p for c in changes])
    assert sum(c.p is not None for c in changes) == 6
    for text in ablation_tables.write(folder).values():
        words = " ".join(text.split())
        told = "over sequences, each left out in turn (8)" in words
        assert told or text.startswith("grid,")
    line = [n for n in notes(found) if "change without an interval" in n]
    assert not any("e_fid" in text for text in line)


def claims(found):
    """All changes of the table in columns with a direction."""
    changes = [c.change for line in found.lines for c in line.cells.values() if c.change]
    return [change for change in changes if change.direction != "none"]


def jackknife(without, value):
    half = stats.t.ppf(0.975, 7) * np.sqrt(7 / 8 * np.square(without - without.mean()).sum())
    return value - half, value + half


def test_three_trainings_speak_of_training_noise_alone(folder):
    spread(folder, by_seed=[[0.29, 0.3, 0.31], [0.2, 0.21, 0.19], [0.1, 0.11, 0.09]])
    found = ablation.read(folder)
    change = found.lines[1].cells["e_fid/synthetic"].change
    theirs = stats.ttest_rel([0.2, 0.21, 0.19], [0.29, 0.3, 0.31])
    assert change.raw_p == pytest.approx(theirs.pvalue)
    assert change.difference.level == "seeds"
    assert any("training noise" in note for note in notes(found))


def test_holm_runs_over_the_whole_table(folder):
    changes = claims(ablation.read(folder))
    raw = [change.raw_p for change in changes]
    assert [change.p for change in changes] == holm(raw)
    assert sum(p is not None for p in raw) == 4


def test_columns_without_direction_are_no_part_of_the_correction(folder):
    data = json.loads((folder / "results.json").read_text())
    data["columns"]["lmd/synthetic"]["direction"] = "none"
    (folder / "results.json").write_text(json.dumps(data))
    found = ablation.read(folder)
    lmd = [line.cells["lmd/synthetic"].change for line in found.lines[1:]]
    assert all(c.p is not None and c.p == c.raw_p and c.verdict == "changed" for c in lmd)
    assert not any(change_text(c).endswith("*") for c in lmd)
    psnr = [line.cells["psnr"].change for line in found.lines[1:]]
    assert [c.p for c in psnr] == holm([c.raw_p for c in psnr])


def test_the_reference_is_compared_with_nobody(folder):
    first = ablation.read(folder).lines[0]
    assert first.reference
    assert all(cell.change is None for cell in first.cells.values())
    assert all(cell.paper_change is None for cell in first.cells.values())


def test_the_papers_values_go_to_columns_of_their_family(folder):
    cells = ablation.read(folder).lines[1].cells
    assert cells["psnr"].paper == 22.0
    assert cells["psnr"].paper_change == pytest.approx(2.0)
    assert cells["e_fid/synthetic"].paper == 0.25
    assert cells["lmd/synthetic"].paper is None


def test_columns_nobody_could_score_are_left_out_and_noted(folder):
    found = ablation.read(folder)
    assert "absent" not in found.columns
    assert any("no weights" in note for note in notes(found))
    write(folder, columns=["lmd", "psnr"])
    assert ablation.read(folder).columns == ("psnr", "lmd/synthetic")


def test_a_row_that_was_never_stored_is_shown_as_such(folder):
    said = json.loads((folder / "ablation.json").read_text())
    said["rows"].append({**said["rows"][1], "name": "lost", "label": "m: lost"})
    (folder / "ablation.json").write_text(json.dumps(said))
    lost = ablation.read(folder).lines[-1]
    assert lost.row is None
    assert lost.cells["psnr"].score is None
    for text in ablation_tables.write(folder).values():
        assert "lost" in text


def test_every_format_says_the_same(folder):
    texts = ablation_tables.write(folder)
    found = ablation.read(folder)
    change = change_text(found.lines[1].cells["psnr"].change)
    assert change.startswith("+2.0")
    assert change.removesuffix("*") in texts["table"]
    assert change.replace("*", r"\*") in texts["md"]
    number, low, high = change.removesuffix("]*").replace(",", "").replace("[", "").split()
    assert f"▲</b> {number}</span>" in texts["html"]
    assert f"<small>{low} to {high}</small>" in texts["html"]
    assert change.removesuffix("*") in texts["tex"]
    for kind, text in texts.items():
        assert "22.00" in text or kind == "csv"
        assert "at 512x512" in text, kind
    for kind in ("md", "csv", "tex", "html"):
        assert (folder / f"ablation.{kind}").read_text() == texts[kind].rstrip("\n") + "\n"


def test_csv_has_one_line_a_row_and_column(folder):
    lines = list(csv.DictReader(io.StringIO(ablation_tables.write(folder)["csv"])))
    assert len(lines) == 3 * 4
    first = next(x for x in lines if x["row"] == "better" and x["column"] == "psnr")
    assert float(first["change_low"]) < float(first["change"]) < float(first["change_high"])
    assert first["verdict"] == "better"


def test_latex_is_a_booktabs_table_of_even_rows(folder):
    text = ablation_tables.write(folder)["tex"]
    body = [line for line in text.splitlines() if not line.startswith("%")]
    assert body[0] == r"\begin{tabular}{lrrrr}"
    assert {r"\toprule", r"\midrule", r"\bottomrule"} <= set(body)
    cells = [line.count(" & ") for line in body if line.endswith(r"\\")]
    assert set(cells) == {4}
    assert text.count("{") == text.count("}")
    assert not any("<br>" in line for line in body)


def test_html_is_escaped_and_closed(folder):
    text = ablation_tables.write(folder)["html"]
    assert "A &lt;grid&gt;" in text
    assert "<grid>" not in text
    assert markup.outside(text) == []


@pytest.mark.parametrize("text", ["{", "[]", '{"schema_version": 99}', "{}"])
def test_a_damaged_description_is_refused(folder, text):
    (folder / "ablation.json").write_text(text)
    with pytest.raises(BadInput, match=r"ablation\.json"):
        ablation.read(folder)


def test_a_reference_that_is_no_row_is_refused(folder):
    write(folder, reference="nobody")
    with pytest.raises(BadInput, match="nobody"):
        ablation.read(folder)


def test_the_papers_value_stands_by_one_column_alone():
    names = ["psnr", "psnr/head", "lpips/synthetic", "lpips/synthetic-head"]
    values = {"psnr": 28.0, "lpips": 0.1, "sync_c": 5.0}
    assert ablation.printed(names, values) == {"psnr": 28.0, "lpips/synthetic": 0.1}
