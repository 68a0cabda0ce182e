"""The reader of items gives back what the runner wrote, and says of which sequence it is."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from harness.contracts import BadInput, MetricResult, Score
from harness.engine import items as writer
from reports import items

from . import simulated


@pytest.fixture
def row(tmp_path):
    return simulated.write(tmp_path, simulated.facts(2), seeds=(0, 3)).rows[1]


def test_reads_what_the_runner_writes(tmp_path):
    frames, windows = np.array([1.0, np.nan, 3.5]), np.array([0.25])
    found = [MetricResult({}, 3, {"psnr": frames}), MetricResult({}, 1, {"sync_c/x": windows})]
    read = items.read_file(writer.write(tmp_path / "a.jsonl", 3, found))
    np.testing.assert_array_equal(read["psnr"], frames)
    np.testing.assert_array_equal(read["sync_c/x"], windows)


def test_files_belong_to_sequence_and_seed(row, tmp_path):
    assert items.owner("items/ua3dtalk--audio--m001-sad-3--s3.jsonl", row) == ("m001/sad-3", 3)
    assert items.owner("items/x--m000-sad-1.jsonl", row) == ("m000/sad-1", 0)
    with pytest.raises(BadInput, match="none of the 16 sequences"):
        items.owner("items/x--m002-sad-1--s0.jsonl", row)
    named = dataclasses.replace(row, sequences=("b", "a--b"))
    assert items.owner("items/x--a--b--s0.jsonl", named) == ("a--b", 0)


def test_seeds_are_averaged_and_are_no_sequences(row, tmp_path):
    read = items.read(tmp_path, row)
    column = read.column("psnr")
    assert set(column) == set(row.sequences)
    runs = read.runs["psnr"]
    np.testing.assert_allclose(
        column["m000/sad-1"], (runs["m000/sad-1", 0] + runs["m000/sad-1", 3]) / 2
    )
    assert read.frames("m000/sad-1") == 75


def test_values_that_are_no_mean_of_items_are_known_as_such(row, tmp_path):
    read = items.read(tmp_path, row)
    assert read.weights("psnr", row.scores["psnr"]) == "sequences"
    assert read.weights("psnr", Score("ok", row.scores["psnr"].value + 1e-3)) is None
    assert read.weights("e_fid/synthetic", row.scores["e_fid/synthetic"]) is None
    runs = {"lve": {("a", 0): np.zeros(10), ("b", 0): np.ones(30)}}
    assert items.RowItems(runs).weights("lve", Score("ok", 0.75)) == "items"


@pytest.mark.parametrize(
    ("line", "fact"),
    [
        ("{", "line 2 is damaged"),
        (json.dumps({"frame": 2, "psnr": 1.0}), "frame 2 stands at place 1"),
        (json.dumps({"frame": 1, "psnr": "x"}), "'x' is no number"),
        (json.dumps({"column": "c", "item": 1, "value": 1.0}), "item 1 follows -1"),
        ("[]", "line 2 is damaged"),
    ],
)
def test_damaged_lines_are_named(tmp_path, line, fact):
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps({"frame": 0, "psnr": 1.0}) + "\n" + line + "\n")
    with pytest.raises(BadInput, match=fact):
        items.read_file(path)


def test_an_absent_file_is_named(row, tmp_path):
    (tmp_path / row.items[0]).unlink()
    with pytest.raises(BadInput, match="cannot be read"):
        items.read(tmp_path, row)


def test_a_sequence_that_one_seed_could_not_score_leaves_a_mean_of_items():
    """Every seed is pooled by itself: the seeds count the same, not their sequences."""
    blind = np.full(10, np.nan)
    runs = {("a", 0): np.full(10, 1.0), ("b", 0): np.full(10, 5.0)}
    runs |= {("a", 1): np.full(10, 2.0), ("b", 1): blind}
    found = items.RowItems({"psnr": runs})
    assert found.weights("psnr", Score("ok", 2.5)) == "sequences"  # of 3 and 2
    assert found.weights("psnr", Score("ok", 8 / 3)) is None
