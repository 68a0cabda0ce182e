"""Locks of cells, also on file systems that have none."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
import time

import pytest

from harness.contracts import BadInput
from harness.engine.cells import locks
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


def test_waiting_says_who_holds_the_lock_and_again_and_ends(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(locks, "PATIENCE", 0.1)
    monkeypatch.setattr(locks, "AGAIN", 0.2)
    refused = []

    def second():
        try:
            with held(tmp_path / "timing.lock", "it is timing", limit=0.8):
                pass
        except BadInput as error:
            refused.append(str(error))

    with held(tmp_path / "timing.lock", "a test"):
        waiting = threading.Thread(target=second)
        waiting.start()
        waiting.join(10)
    assert f"held this lock for 1 s (process {os.getpid()} on" in refused[0]
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) >= 2
    assert all(
        f"waiting for another process: it is timing (process {os.getpid()}" in x for x in lines
    )
    started = time.monotonic()
    with held(tmp_path / "timing.lock", "a test", limit=0.8):
        assert time.monotonic() - started < 0.5
    assert not list(tmp_path.glob("*.holder"))
