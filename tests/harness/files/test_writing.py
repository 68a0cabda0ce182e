"""A file that is written is there as a whole, or as it was before."""

import pytest

from harness.files.writing import replacing


def test_the_file_appears_when_the_block_ends(tmp_path):
    path = tmp_path / "new" / "file.bin"
    with replacing(path) as partial:
        partial.write_bytes(b"whole")
        assert not path.exists()
    assert path.read_bytes() == b"whole"
    assert [p.name for p in path.parent.iterdir()] == ["file.bin"]


def test_after_an_exception_the_old_file_stays_and_nothing_beside_it(tmp_path):
    path = tmp_path / "file.bin"
    path.write_bytes(b"old")
    with pytest.raises(OSError, match="full"), replacing(path) as partial:
        partial.write_bytes(b"ha")
        raise OSError("full")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file.bin"]
