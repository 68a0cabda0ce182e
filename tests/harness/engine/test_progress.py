"""Progress on a terminal of 80 columns: place, bar, count, rate and ETA are always there."""

import os
import pty
import re
import subprocess
import sys

import pytest

SCRIPT = """
import sys, time
from harness.engine import messages
from harness.engine.progress import watch
if "quiet" in sys.argv:
    messages.set_level(messages.QUIET)
label = "a method (with, many=options) · synthetic-mini/somebody-happy · seed 0"
with watch(label, "7/23", lambda: "about 4 min left in all") as say:
    for step in range(8):
        say("stage [x]", step + 1, 400, loss=0.0123)
        time.sleep(0.12)
    say("last", 1, 1)
"""


def screen(columns: int, *options: str) -> list[str]:
    """All lines that were shown, in order."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm"}
    command = [sys.executable, "-c", SCRIPT, *options]
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
    return [line.rstrip() for line in re.split(r"[\r\n]+", plain)]


@pytest.mark.parametrize("columns", [80, 120])
def test_what_matters_fits(columns):
    lines = screen(columns)
    line = [line for line in lines if "8/400" in line][-1]
    assert line.startswith("[7/23] stage [x] a method (with")
    assert re.search(r"8/400 \d+\.\d/s \d\d:\d\d", line)
    assert "━" in line
    assert len(line.rstrip()) <= columns
    assert ("loss 0.0123" in line) == (columns == 120)
    assert "step 7 of 23, about 4 min left in all" in lines


def test_lines_without_a_terminal_name_the_place_and_the_time_left():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)
    assert done.returncode == 0
    (line,) = done.stderr.splitlines()
    assert line.startswith("[7/23] a method")
    # One report makes no rate.
    assert line.endswith("seed 0 · last: 1/1 (about 4 min left in all)")


def test_a_quiet_command_shows_no_progress():
    assert screen(80, "quiet") == [""]
