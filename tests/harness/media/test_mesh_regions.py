"""Vertex lists in the forms that the field writes them."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from harness.contracts import BadInput, UnknownName
from harness.media.mesh_regions import read_region, read_regions


@pytest.mark.parametrize(
    "text",
    ["7, 3, 12", "7,3,12", "7,3,12\n", " 7 3\t12 ", "7\n3\n12\n", "7\r\n3\r\n12\r\n", "7 ,3 ,12"],
)
def test_the_forms_of_the_field(tmp_path, text):
    path = tmp_path / "lve.txt"
    path.write_bytes(text.encode())
    indices, sha256 = read_region(path, 13)
    assert indices.dtype == np.int64
    assert indices.tolist() == [7, 3, 12]
    assert sha256 == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("", "file is empty"),
        (" \n\n", "it is empty"),
        ("1, 2, 13", r"1 of 3 indices lie outside 0..12, the first is 13"),
        ("-1 4", "the first is -1"),
        ("1,2,2,3,1", "2 indices occur more than once, the first is 1"),
        ("1,,2", "entry 1 is ''"),
        ("1,2,", "entry 2 is ''"),
        ("0.2\n0.9\n", "entry 0 is '0.2'"),
        ("[1, 2]", r"entry 0 is '\[1'"),
        ("1e3", "entry 0 is '1e3'"),
        ("9" * 30, "not a vertex index"),
        ("1, zwölf", "byte 5 is not ASCII"),
    ],
)
def test_bad_lists(tmp_path, text, fact):
    path = tmp_path / "lve.txt"
    path.write_text(text, "utf-8")
    with pytest.raises(BadInput, match=fact) as raised:
        read_region(path, 13)
    assert str(path) in str(raised.value)


def test_regions_by_name(tmp_path):
    (tmp_path / "a.txt").write_text("1,2")
    (tmp_path / "b.txt").write_text("3")
    found = read_regions({"lip": tmp_path / "a.txt", "upper": tmp_path / "b.txt"}, 4)
    assert found.indices["lip"].tolist() == [1, 2]
    assert found.indices["upper"].tolist() == [3]
    assert found.sha256["upper"] == hashlib.sha256(b"3").hexdigest()
    with pytest.raises(UnknownName, match="Did you mean 'lip'"):
        read_regions({"lips": tmp_path / "a.txt"}, 4)
    with pytest.raises(BadInput, match="no such file"):
        read_regions({"eye": tmp_path / "c.txt"}, 4)
