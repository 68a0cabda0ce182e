"""What stands around every parser: regular files only, and one sentence for whatever is raised."""

import os

import pytest

from harness.contracts import BadInput, UnknownName
from harness.files import limits
from harness.files.reading import checked_file, read_text, reading, reason


@pytest.fixture
def raised():
    yield limits.allow_large
    limits.allow_large(1)


def test_what_is_not_a_regular_file_is_never_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "empty.json").touch()
    for path, fact in (
        (tmp_path / "pipe.json", "it is a pipe or device"),
        (tmp_path, "it is a folder"),
        (tmp_path / "absent.json", "no such file"),
        (tmp_path / "empty.json" / "below", "no such file"),
        (tmp_path / "empty.json", r"empty \(0 bytes\)"),
        (tmp_path / ("x" * 300), "cannot be looked up"),
        (tmp_path / "a\0b", "cannot be looked up"),
        ("/dev/zero", "it is a pipe or device"),
    ):
        with pytest.raises(BadInput, match=fact):
            checked_file(path)


def test_a_limit_names_the_option_that_raises_it(tmp_path, monkeypatch, raised):
    monkeypatch.setitem(limits.LIMITS, "text", (10, "bytes"))
    (tmp_path / "a.txt").write_text("x" * 11)
    with pytest.raises(BadInput, match=r"it has 11 bytes, and at most 10 are read.*--allow-large"):
        read_text(tmp_path / "a.txt", "text file")
    raised()
    assert read_text(tmp_path / "a.txt", "text file") == "x" * 11


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyError("name"), "no entry 'name'"),
        (RecursionError("maximum recursion depth exceeded"), "nested too deeply"),
        (ValueError(""), "ValueError"),
        (ValueError("cannot load. Use allow_pickle=True to unpickle."), "cannot load"),
        (OSError(13, "Permission denied"), "Permission denied"),
        (RuntimeError("a\n b\t" + "c" * 500), "a b " + "c" * 156 + "..."),
        (ZeroDivisionError("division by zero"), "division by zero"),
    ],
)
def test_whatever_is_raised_becomes_one_line(tmp_path, error, said):
    assert reason(error) == said
    with pytest.raises(BadInput) as caught, reading(tmp_path / "a.json", "JSON file"):
        raise error
    assert str(caught.value).count("\n") == 0
    assert f"not a readable JSON file ({said})" in str(caught.value)


def test_our_own_sentences_and_ctrl_c_pass(tmp_path):
    with pytest.raises(UnknownName), reading(tmp_path, "file"):
        raise UnknownName("kind", "name", [])
    with pytest.raises(KeyboardInterrupt), reading(tmp_path, "file"):
        raise KeyboardInterrupt
    with pytest.raises(BadInput, match="needs more memory than there is"), reading(tmp_path, "x"):
        raise MemoryError


def test_text_is_utf_8_with_or_without_a_mark(tmp_path):
    (tmp_path / "a.txt").write_bytes("\ufeffäb".encode())
    assert read_text(tmp_path / "a.txt", "text file") == "äb"
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="not a readable text file in UTF-8"):
        read_text(tmp_path / "a.txt", "text file")
