"""Locks of cells, also on file systems that have none."""

from __future__ import annotations

import errno
import fcntl

import pytest

from harness.engine.cells.locks import claim, held


def test_a_claimed_lock_is_not_given_twice_and_comes_back(tmp_path):
    first = claim(tmp_path / "deep" / "a.lock")
    assert first is not None
    assert claim(tmp_path / "deep" / "a.lock") is None
    first.release()
    again = claim(tmp_path / "deep" / "a.lock")
    assert again is not None
    again.release()


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_disk_without_locks_works_and_no_false_sentence_is_said(
    tmp_path, monkeypatch, capsys, number
):
    """Some mounts of Lustre and NFS refuse flock: nobody else is at work there."""

    def refuse(*_):
        raise OSError(number, "no locks")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with held(tmp_path / "x.lock", "a test"):
        assert claim(tmp_path / "x.lock") is None
    assert capsys.readouterr().err == ""
    lock = claim(tmp_path / "x.lock")
    assert lock is not None
    lock.release()
