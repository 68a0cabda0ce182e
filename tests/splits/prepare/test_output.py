import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.contracts import BadInput
from splits.prepare.output import new_folder

#: Holds the folder of its argument until it is ended.
HOLDER = """
import sys, time
from pathlib import Path
from splits.prepare.output import new_folder
with new_folder(Path(sys.argv[1])) as folder:
    (folder / "half").write_text("written")
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    root = Path(__file__).resolve().parents[3]
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "out")]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_folder_is_there_as_a_whole(tmp_path):
    with new_folder(tmp_path / "new" / "out") as folder:
        (folder / "a").write_text("1")
        assert not (tmp_path / "new" / "out").exists()
    assert os.listdir(tmp_path / "new") == ["out"]
    assert (tmp_path / "new" / "out" / "a").read_text() == "1"
    with pytest.raises(BadInput, match="exists already"), new_folder(tmp_path / "new" / "out"):
        pass


def test_nothing_remains_of_a_failure(tmp_path):
    with pytest.raises(ZeroDivisionError), new_folder(tmp_path / "out") as folder:
        (folder / "a").write_text(str(1 / 0))
    assert os.listdir(tmp_path) == []


def test_a_second_process_is_refused(tmp_path, holder):
    refused = pytest.raises(BadInput, match=r"out: another process is preparing")
    with refused, new_folder(tmp_path / "out"):
        pass
    with new_folder(tmp_path / "other"):
        pass
    holder.send_signal(signal.SIGINT)
    holder.wait()
    assert os.listdir(tmp_path) == ["other"]


def test_what_a_killed_process_left_is_cleared(tmp_path, holder):
    holder.kill()
    holder.wait()
    assert os.listdir(tmp_path) != []
    with new_folder(tmp_path / "out") as folder:
        assert os.listdir(folder) == []
    assert os.listdir(tmp_path) == ["out"]


def test_a_disk_without_locks(tmp_path, monkeypatch):
    def unsupported(self):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("filelock.FileLock.acquire", unsupported)
    refused = pytest.raises(BadInput, match=r"cannot be locked .*not supported")
    with refused, new_folder(tmp_path / "out"):
        pass
