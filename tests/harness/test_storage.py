"""Disks that refuse: a sentence with the folder in it, and nothing half-written."""

from __future__ import annotations

import errno
import os
import resource
import signal

import pytest

from harness import storage
from harness.contracts import BadInput


@pytest.mark.parametrize(
    ("number", "fact"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EDQUOT, "disk is full"),
        (errno.EFBIG, "size limit"),
        (errno.EROFS, "cannot be written"),
        (errno.EACCES, "cannot be written"),
    ],
)
def test_what_the_disk_refuses_is_a_sentence(tmp_path, number, fact):
    with pytest.raises(BadInput, match=fact) as caught, storage.writing_to(tmp_path):
        raise OSError(number, os.strerror(number))
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize(
    ("free", "fact"),
    [(3 << 20, r"the disk is full \(3 MiB free\)"), (71743 << 20, "full, or a quota is used up")],
)
def test_free_space_is_stated_only_where_little_is_left(tmp_path, monkeypatch, free, fact):
    usage = storage.shutil.disk_usage(tmp_path)._replace(free=free)
    monkeypatch.setattr(storage.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(BadInput, match=fact), storage.writing_to(tmp_path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_the_reason_is_found_behind_another_error(tmp_path):
    def save():
        try:
            raise OSError(errno.ENOSPC, "")
        except OSError as error:
            raise RuntimeError("the writer gave up") from error

    with pytest.raises(BadInput, match="disk is full"), storage.writing_to(tmp_path):
        save()


def test_a_library_that_hides_the_number_on_a_full_disk(tmp_path, monkeypatch):
    error = RuntimeError("unexpected position")
    assert storage.storage_error(error, tmp_path) is None
    usage = storage.shutil.disk_usage(tmp_path)._replace(free=0)
    monkeypatch.setattr(storage.shutil, "disk_usage", lambda path: usage)
    assert "disk is full" in str(storage.storage_error(error, tmp_path))


def test_other_errors_pass(tmp_path):
    with pytest.raises(ZeroDivisionError), storage.writing_to(tmp_path):
        raise ZeroDivisionError
    refused = BadInput("x", "fact", "cure")
    with pytest.raises(BadInput) as caught, storage.writing_to(tmp_path):
        raise refused
    assert caught.value is refused


def test_a_file_in_the_way_of_a_folder(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadInput, match="cannot be created"):
        storage.make_folder(tmp_path / "file" / "run")
    with pytest.raises(BadInput, match="cannot be created"):
        storage.make_folder(tmp_path / "file")


def test_text_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a.txt"
    storage.write_text(path, "old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
    try:
        with pytest.raises(BadInput, match="size limit"):
            storage.write_text(path, "new" * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_text_needs_a_folder_and_a_file_name(tmp_path):
    with pytest.raises(BadInput, match="does not exist"):
        storage.write_text(tmp_path / "no" / "a.txt", "x")
    with pytest.raises(BadInput, match="it is a folder"):
        storage.write_text(tmp_path, "x")
