"""Runs of schemas 1 to 3: their items in JSON lines, named after what they are of."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from harness.contracts import BadInput, Row
from reports import items, legacy, stored
from reports.comparison import changes, rows

ROW = Row("ua3dtalk", "", "method", "audio", "s@1", "full", (0, 3), ("m000/sad-1", "m001/sad-3"),
          {}, {})  # fmt: skip
FIXTURES = Path(__file__).parent / "fixtures"


def test_files_belong_to_sequence_and_seed():
    owner = legacy.owner
    assert owner("items/ua3dtalk--audio--m001-sad-3--s3.jsonl", ROW) == ("m001/sad-3", 3)
    assert owner("items/x--m000-sad-1.jsonl", ROW) == ("m000/sad-1", 0)
    with pytest.raises(BadInput, match="none of the 2 sequences"):
        owner("items/x--m002-sad-1--s0.jsonl", ROW)
    named = dataclasses.replace(ROW, sequences=("b", "a--b"))
    assert owner("items/x--a--b--s0.jsonl", named) == ("a--b", 0)


def test_frames_and_windows(tmp_path):
    lines = [{"frame": 0, "psnr": 1.0}, {"frame": 1, "psnr": None}, {"frame": 2, "psnr": 3}]
    lines += [{"column": "sync_c/x", "item": 0, "value": 0.25}]
    (tmp_path / "a--m000-sad-1--s3.jsonl").write_text("\n".join(map(json.dumps, lines)))
    row = dataclasses.replace(ROW, items=("a--m000-sad-1--s3.jsonl",))
    found = items.read(tmp_path, row).runs
    np.testing.assert_array_equal(found["psnr"]["m000/sad-1", 3], [1.0, np.nan, 3.0])
    np.testing.assert_array_equal(found["sync_c/x"]["m000/sad-1", 3], [0.25])
    table = items.to_frame(tmp_path, row)
    assert table[table["column"] == "sync_c/x"]["value"].tolist() == [0.25]


@pytest.mark.parametrize(
    ("line", "fact"),
    [
        ("{", "record of items in line 2"),
        (json.dumps({"frame": 2, "psnr": 1.0}), "in line 2 .it should be of frame 1"),
        (json.dumps({"frame": 1, "psnr": "x"}), "'x' is not a number"),
        (json.dumps({"column": "c", "item": 1, "value": 1.0}), "item 1 is out of order"),
        ("[]", "record of items in line 2"),
        ("[" * 100_000, "record of items in line 2"),
    ],
)
def test_damaged_lines_are_named(tmp_path, line, fact):
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps({"frame": 0, "psnr": 1.0}) + "\n" + line + "\n")
    with pytest.raises(BadInput, match=fact):
        legacy.read_file(path)


def test_an_old_run_is_compared_and_its_numbers_show_what_is_a_mean(tmp_path):
    data = json.loads((FIXTURES / "results-schema2.json").read_text())
    (tmp_path / "items").mkdir()
    rng = np.random.default_rng(0)
    for row in data["rows"]:
        values = rng.normal(30, 1, row["protocol"]["test_frames"])
        row["scores"]["psnr"]["value"] = float(values.mean())
        lines = [json.dumps({"frame": i, "psnr": v}) for i, v in enumerate(values)]
        (tmp_path / row["items"][0]).write_text("\n".join(lines))
    (tmp_path / stored.FILE).write_text(json.dumps(data))
    results = stored.read(tmp_path)
    a, b = (rows.side(tmp_path, results, row) for row in results.rows)
    assert (a.weights("psnr"), a.weights("e_fid/synthetic")) == ("sequences", None)
    found = {change.column: change for change in changes.changes_of(a, b)}
    assert found["psnr"].difference.n == results.rows[0].protocol["test_frames"]
    assert found["e_fid/synthetic"].pairs is None
    shutil.rmtree(tmp_path / "items")
    with pytest.raises(BadInput, match="no such file"):
        rows.side(tmp_path, results, results.rows[0])


def test_old_words_are_the_new_ones():
    results = stored.parse((FIXTURES / "results-schema3.json").read_text())
    assert results.schema_version == 3
    assert results.sequences["mini"]["subject"] == "synthetic-0"
    data = json.loads((FIXTURES / "results-schema3.json").read_text())
    data["failures"] = [
        {"method": "m", "drive": "", "sequence": "s", "seed": 0, "stage": "score psnr",
         "type": "E", "message": "", "traceback": "t"}
    ]  # fmt: skip
    for old, new in legacy.LEVELS.items():
        data["rows"][0]["scores"]["psnr"]["level"] = old
        assert stored.parse(json.dumps(data)).rows[0].scores["psnr"].level == new
    assert stored.parse(json.dumps(data)).failures[0].kind == "score psnr"
