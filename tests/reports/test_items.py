"""Items are read back as they were written, whatever their sequences and columns are called."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.contracts import BadInput
from reports import items
from tests.reports import simulated

#: Names that a slug, a split at commas or a reader of lines would mix up.
NAMES = (
    "a/b",
    "a-b",
    "a b",
    "a,b",
    'a"b',
    "a\nb",
    "a\r\nb",
    "ä",
    " a",
    "",
    "NA",
    "007",
    "=1",
    "\udcff",
)


@pytest.fixture
def row(tmp_path):
    return simulated.write(tmp_path, simulated.facts(2), seeds=(0, 3)).rows[1]


def named(row, *sequences, seeds=(0,)):
    return dataclasses.replace(row, sequences=sequences, seeds=seeds, items=("x.csv",))


def test_what_is_written_is_read_back_exactly(row, tmp_path):
    rng = np.random.default_rng(0)
    values = {
        (name, seed): rng.normal(size=20) * 10.0 ** rng.integers(-300, 300, 20)
        for name in NAMES
        for seed in (0, 7)
    }
    values["a b", 0][3:5] = np.nan
    entries = [(*key, column, v) for key, v in values.items() for column in ("psnr", "a,b/c")]
    items.write(tmp_path / "x.csv", entries)
    found = items.read(tmp_path, named(row, *NAMES, seeds=(0, 7)))
    assert set(found.runs) == {"psnr", "a,b/c"}
    for runs in found.runs.values():
        assert runs.keys() == values.keys()
        for key, series in runs.items():
            np.testing.assert_array_equal(series, values[key])


@settings(max_examples=40, deadline=None)
@given(
    name=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8),
    values=st.lists(st.floats(allow_infinity=False), min_size=1, max_size=5),
)
def test_any_name_and_any_value(name, values, tmp_path_factory):
    folder = tmp_path_factory.mktemp("items")
    row = simulated.Row("m", "m", "method", "", "s", "p", (0,), (name,), {}, {}, items=("x.csv",))
    items.write(folder / "x.csv", [(name, 0, name, np.array(values))])
    found = items.read(folder, row).runs
    np.testing.assert_array_equal(found[name][name, 0], values)


def test_equal_items_are_equal_bytes_with_a_head(row, tmp_path):
    entries = [("s", 0, "psnr", np.array([1.0, np.nan])), ("s", 0, "sync", np.array([0.1]))]
    for name in ("a", "b"):
        items.write(tmp_path / "new" / name, iter(entries))
    text = (tmp_path / "new" / "a").read_text()
    assert text == (tmp_path / "new" / "b").read_text()
    assert text == "sequence,seed,column,frame,value\ns,0,psnr,0,1.0\ns,0,psnr,1,\ns,0,sync,0,0.1\n"


def test_as_a_table(row, tmp_path):
    table = items.to_frame(tmp_path, row)
    assert tuple(table.columns) == items.HEADER
    assert len(table) == 2 * 16 * (75 + 75 + 70)
    means = table[table["column"] == "psnr"].groupby("seed")["value"].mean()
    assert means.mean() == pytest.approx(row.scores["psnr"].value)
    assert len(items.to_frame(tmp_path, dataclasses.replace(row, items=()))) == 0


def test_seeds_are_averaged_and_are_no_sequences(row, tmp_path):
    read = items.read(tmp_path, row)
    column = read.column("psnr")
    assert set(column) == set(row.sequences)
    runs = read.runs["psnr"]
    np.testing.assert_allclose(
        column["m000/sad-1"], (runs["m000/sad-1", 0] + runs["m000/sad-1", 3]) / 2
    )
    assert read.frames("m000/sad-1") == 75


HEAD = "sequence,seed,column,frame,value\n"


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("", "not a readable CSV|file is empty"),
        ("sequence,column,frame,value\n", "not a readable CSV|file is empty"),
        (HEAD + "s,0,psnr,0,x\n", "not a readable CSV|file is empty"),
        (HEAD + "s,0,psnr,0\0,1\n", "not a readable CSV|file is empty"),
        (HEAD + "s,0.5,psnr,0,1\n", "not a readable CSV|file is empty"),
        (HEAD + 's,0,"psnr,0,1\n', "not a readable CSV|file is empty"),
        (HEAD + "s,0,psnr,0,1,2\n", "not a readable CSV|file is empty"),
        (HEAD + "s,0,psnr,1,1\n", "item 1 has frame 1, and 0 is next"),
        (HEAD + "s,0,psnr,0,1\ns,0,psnr,2,1\n", "item 2 has frame 2, and 1 is next"),
        (HEAD + "s,0,psnr,0,1\ns,0,b,0,1\ns,0,psnr,0,1\n", "psnr of 's', seed 0 is not contiguous"),
        (HEAD + "t,0,psnr,0,1\n", "'t', seed 0 is not part of the row"),
        (HEAD + "s,1,psnr,0,1\n", "'s', seed 1 is not part of the row"),
    ],
)
def test_damaged_files_are_named(row, tmp_path, text, fact):
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(BadInput, match=fact):
        items.read(tmp_path, named(row, "s"))


def test_an_empty_file_of_items_has_none_and_no_file_has_none(row, tmp_path):
    (tmp_path / "x.csv").write_text(HEAD)
    assert items.read(tmp_path, named(row, "s")).runs == {}
    assert items.read(tmp_path, dataclasses.replace(row, items=())).runs == {}


def test_an_absent_file_is_named(row, tmp_path):
    (tmp_path / row.items[0]).unlink()
    with pytest.raises(BadInput, match="no such file"):
        items.read(tmp_path, row)


def test_a_hundred_thousand_items_take_less_than_half_a_second(row, tmp_path):
    """MEAD's test part in nine rows has a million; the machine may be busy."""
    names = [f"m{i:03}/happy-3" for i in range(288)]
    columns = [f"column-{c}/synthetic" for c in range(13)]
    rng = np.random.default_rng(0)
    entries = [(name, 0, column, rng.normal(size=30)) for name in names for column in columns]
    items.write(tmp_path / "x.csv", entries)
    items.read(tmp_path, named(row, *names))
    spent = []
    for _ in range(3):
        start = time.process_time()
        items.read(tmp_path, named(row, *names))
        spent.append(time.process_time() - start)
    assert min(spent) < 0.5
