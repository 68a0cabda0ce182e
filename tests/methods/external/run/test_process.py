import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from harness.contracts import BadInput, Unavailable
from methods.external.run import process
from methods.external.run.environment import Launch

ROOT = Path(__file__).resolve().parents[4]
STUBBORN = """
import os, signal, subprocess, sys, time
if sys.argv[1:] == ["grandchild"]:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print(os.getpid(), flush=True)
    time.sleep(30)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, __file__, "grandchild"])
print(os.getpid(), flush=True)
{then}
"""


def launch(program, *arguments):
    return Launch((sys.executable, "-u", str(program), *arguments), dict(os.environ))


def script(tmp_path, text, name="child.py"):
    path = tmp_path / name
    path.write_text(textwrap.dedent(text))
    return path


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] != "Z"


def gone(pids, seconds):
    until = time.monotonic() + seconds
    while any(map(alive, pids)):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def run(tmp_path, program, **options):
    log = tmp_path / "log" / "child.log"
    return process.run("child", launch(program), tmp_path, log, free_bytes=0, **options)


def driving(tmp_path, program, limit=None, stdin=None, container=None):
    """Another process that runs a program, to be interrupted or asked."""
    driver = script(
        tmp_path,
        f"""
        import os, sys
        from pathlib import Path
        from methods.external.run import process
        from methods.external.run.environment import Launch
        command = (sys.executable, "-u", {str(program)!r})
        launch = Launch(command, dict(os.environ), {container!r})
        here = Path({str(tmp_path)!r})
        log = here / "log" / "child.log"
        process.run("child", launch, here, log, limit={limit}, free_bytes=0)
        """,
        "driver.py",
    )
    pipe = subprocess.PIPE
    here = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, driver]
    return subprocess.Popen(command, stdin=stdin, stdout=pipe, stderr=pipe, env=here, cwd=tmp_path)


def started(tmp_path, harness):
    """Wait for the two processes of a stubborn program; their ids."""
    until = time.monotonic() + 20
    log = tmp_path / "log" / "child.log"
    while not log.exists() or len(pids_in(tmp_path)) < 2:
        assert time.monotonic() < until
        assert harness.poll() is None
        time.sleep(0.05)
    return pids_in(tmp_path)


def pids_in(tmp_path):
    lines = (tmp_path / "log" / "child.log").read_text().splitlines()
    return [int(line) for line in lines if line.isdecimal()]


def test_output_is_streamed_logged_and_handed_out(tmp_path):
    program = script(tmp_path, "import sys\nprint('one')\nprint('two', file=sys.stderr)\n")
    lines = []
    run(tmp_path, program, on_line=lines.append)
    assert lines == ["one", "two"]
    assert "one\ntwo\n" in (tmp_path / "log" / "child.log").read_text()


def test_progress_bars_are_read_and_do_not_fill_the_tail(tmp_path):
    program = script(
        tmp_path,
        r"""
        import sys
        print("the cause")
        for i in range(100):
            sys.stderr.write(f"\r {i}%|###   | {i}/100 [00:01<00:02]")
        sys.exit(3)
        """,
    )
    seen = []
    with pytest.raises(process.CommandFailed, match="exited with code 3") as caught:
        run(tmp_path, program, on_line=lambda line: seen.append(process.parse_bar(line)))
    assert seen[-1] == (99, 100)
    assert "the cause" in caught.value.tail
    assert len(caught.value.tail) == 2


def test_a_failure_shows_the_last_twenty_lines_and_the_log(tmp_path):
    program = script(tmp_path, "for i in range(50): print('line', i)\nraise SystemExit(7)\n")
    with pytest.raises(process.CommandFailed) as caught:
        run(tmp_path, program)
    assert caught.value.tail == tuple(f"line {i}" for i in range(30, 50))
    assert "exited with code 7" in str(caught.value)
    assert str(tmp_path / "log" / "child.log") in str(caught.value)


def test_a_child_killed_by_the_system_is_said(tmp_path):
    program = script(tmp_path, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    with pytest.raises(process.CommandFailed, match=r"killed by SIGKILL \(out of memory\?\)"):
        run(tmp_path, program)


def test_a_hung_group_is_gone_within_five_seconds_of_the_limit(tmp_path):
    program = script(tmp_path, STUBBORN.format(then="time.sleep(30)"))
    start = time.monotonic()
    with pytest.raises(process.TimeLimit, match="killed at its time limit of 1 s"):
        run(tmp_path, program, limit=1.0)
    assert len(pids_in(tmp_path)) == 2
    assert gone(pids_in(tmp_path), start + 1.0 + 5.0 - time.monotonic())
    assert time.monotonic() < start + 1.0 + 5.0


def test_what_ends_on_sigterm_may_tidy_up_first(tmp_path):
    """A trainer may write its checkpoint to the end."""
    program = script(
        tmp_path,
        f"""
        import signal, sys, time
        from pathlib import Path
        def leave(*_):
            Path({str(tmp_path)!r}, "tidy").touch()
            sys.exit(0)
        signal.signal(signal.SIGTERM, leave)
        print("ready", flush=True)
        time.sleep(30)
        """,
    )
    with pytest.raises(process.TimeLimit):
        run(tmp_path, program, limit=2.0)
    assert (tmp_path / "tidy").exists()


def test_a_grandchild_that_outlives_a_good_end_is_gone_too(tmp_path):
    program = script(tmp_path, STUBBORN.format(then="time.sleep(0.3)"))
    start = time.monotonic()
    run(tmp_path, program, limit=60)
    assert time.monotonic() - start < 20, "it waited for the pipe that the grandchild holds"
    assert len(pids_in(tmp_path)) == 2
    assert gone(pids_in(tmp_path), 5)


def test_an_error_in_the_callback_ends_the_group(tmp_path):
    program = script(tmp_path, STUBBORN.format(then="time.sleep(30)"))

    def fail(line):
        if len(pids_in(tmp_path)) == 2:
            raise ValueError("ours")

    start = time.monotonic()
    with pytest.raises(ValueError, match="ours"):
        run(tmp_path, program, on_line=fail, limit=60)
    assert gone(pids_in(tmp_path), 5)
    assert time.monotonic() - start < 25, "it waited for the end of the command"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_end_the_group(tmp_path, number):
    program = script(tmp_path, STUBBORN.format(then="time.sleep(30)"))
    with driving(tmp_path, program) as harness:
        pids = started(tmp_path, harness)
        harness.send_signal(number)
        assert gone(pids, 5)
        harness.wait(5)
        assert harness.returncode != 0


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGQUIT, signal.SIGKILL])
def test_the_group_does_not_outlive_a_killed_harness(tmp_path, number):
    """And a second command with the same log starts only when nothing of the first is left."""
    program = script(tmp_path, STUBBORN.format(then="time.sleep(30)"))
    with driving(tmp_path, program) as harness:
        pids = started(tmp_path, harness)
        harness.send_signal(number)
        harness.wait(5)
    assert any(map(alive, pids)), "it ignores SIGTERM"
    start = time.monotonic()
    run(tmp_path, script(tmp_path, "print('next')", "next.py"))
    assert not any(map(alive, pids))
    assert time.monotonic() - start < 8


def test_a_log_in_use_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(process, "PATIENCE", 0.2)
    program = script(tmp_path, STUBBORN.format(then="time.sleep(30)"))
    with driving(tmp_path, program) as harness:
        started(tmp_path, harness)
        with pytest.raises(BadInput, match="another command that writes this log"):
            run(tmp_path, program)
        harness.terminate()


@pytest.fixture
def docker(tmp_path, monkeypatch):
    """A program of that name that writes down what it is called with."""
    path = script(tmp_path, '#!/bin/sh\necho "$@" >> "$(dirname $0)/calls"\n', "docker")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return path


def test_a_container_of_a_killed_harness_is_killed(tmp_path, docker):
    program = script(tmp_path, STUBBORN.format(then="time.sleep(30)"))
    with driving(tmp_path, program, container="bench-2") as harness:
        pids = started(tmp_path, harness)
        harness.kill()
        assert gone(pids, 5)
    assert (tmp_path / "calls").read_text() == "kill bench-2\n"


def test_a_question_does_not_wait_for_an_answer(tmp_path):
    program = script(tmp_path, "input('overwrite? ')\n")
    with driving(tmp_path, program, limit=20, stdin=subprocess.PIPE) as harness:
        _, said = harness.stdout.read(), harness.stderr.read()  # its stdin stays open
    assert b"EOFError" in said


def test_too_little_room_starts_nothing(tmp_path):
    program = script(tmp_path, "open('started', 'w')\n")
    with pytest.raises(BadInput, match=r"GiB are free and 1048576\.0 GiB are needed"):
        process.run("child", launch(program), tmp_path, tmp_path / "log", free_bytes=1 << 50)
    assert not (tmp_path / "started").exists()


def test_a_program_that_is_not_there(tmp_path):
    absent = Launch((str(tmp_path / "python"),), {})
    with pytest.raises(Unavailable, match="cannot be started"):
        process.run("child", absent, tmp_path, tmp_path / "log", free_bytes=0)


def test_a_container_is_killed_by_its_name(tmp_path, docker):
    """The program that runs a container does not take the container with it when killed."""
    program = script(tmp_path, "import time\ntime.sleep(30)\n")
    inside = Launch(launch(program).arguments, dict(os.environ), "bench-1")
    with pytest.raises(process.TimeLimit):
        process.run("child", inside, tmp_path, tmp_path / "log", limit=0.3, free_bytes=0)
    assert (tmp_path / "calls").read_text() == "kill bench-1\n"
