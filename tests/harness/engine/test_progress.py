"""Progress on a terminal of 80 columns: place, bar, count, rate and ETA are always there."""

import os
import pty
import re
import subprocess
import sys

import pytest

SCRIPT = """
import time
from harness.engine.progress import watch
with watch("a method (with, many=options) · synthetic-mini/somebody-happy · seed 0", "7/23") as say:
    for step in range(8):
        say("stage [x]", step + 1, 400, loss=0.0123)
        time.sleep(0.12)
"""


def shown(columns: int) -> str:
    """The last state of the bar."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm"}
    command = [sys.executable, "-c", SCRIPT]
    with subprocess.Popen(command, stderr=follower, env=environment) as process:
        os.close(follower)
        text = b""
        while True:
            try:
                block = os.read(leader, 4096)
            except OSError:  # the other end is closed
                break
            text += block
            if not block:
                break
        assert process.wait() == 0
    os.close(leader)
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text.decode())
    return [line for line in re.split(r"[\r\n]+", plain) if "/400" in line][-1]


@pytest.mark.parametrize("columns", [80, 120])
def test_what_matters_fits(columns):
    line = shown(columns)
    assert line.startswith("[7/23] a method (with")
    assert re.search(r"8/400 \d+\.\d/s \d\d:\d\d", line)
    assert "━" in line
    assert len(line.rstrip()) <= columns
    assert ("loss 0.0123" in line) == (columns == 120)


def test_lines_without_a_terminal_name_the_place():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stderr.startswith("[7/23] a method") or done.stderr == ""
