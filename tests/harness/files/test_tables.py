import pytest

from harness.contracts import BadInput
from harness.files.tables import read_rows


def test_rows_come_back_without_blanks_and_marks(tmp_path):
    (tmp_path / "a.csv").write_bytes('\ufeffa, b\n1 ,"x, y"\n\n2,z\n'.encode())
    assert read_rows(tmp_path / "a.csv") == (["a", "b"], [["1", "x, y"], ["2", "z"]])


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("\n\n", "it has no header"),
        ("a,a\n1,2\n", "column 'a' occurs twice"),
        ("a,b\n1\n", "line 2 has 1 fields, the header has 2"),
        ("a,b\n1,2,3\n", "line 2 has 3 fields, the header has 2"),
        ('a,b\n"1"x,2\n', "not a readable CSV file"),
        ('a,b\n"1,2\n', "not a readable CSV file"),
    ],
)
def test_what_is_no_table_is_named(tmp_path, text, fact):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(BadInput, match=fact):
        read_rows(tmp_path / "a.csv")
