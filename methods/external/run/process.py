"""Run a command of a checkout: log, time limit, and no process left when it ends.

The command gets a session, and so a process group, of its own. However this call ends (success,
failure, time limit, Ctrl-C, SIGTERM, an error of ours) the whole group is ended: SIGTERM first,
SIGKILL `GRACE` seconds later, and a container is killed by its name. If this process is itself
killed, a guard process does the same. The guard also keeps the log locked until it is done, and a
command does not start while its log is locked, so two never write to one folder. A process that
leaves its group by `setsid` is not ended, unless it is in a container.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from harness.contracts import BadInput, Unavailable
from methods.external.run.environment import Launch

#: Seconds between SIGTERM and SIGKILL.
GRACE = 2.0
#: Seconds to wait for the end of an earlier command with the same log.
PATIENCE = 5 * GRACE
#: Waits for a line, and gets none if the harness dies: $1 is the group, $2 the name of a docker
#: container. A shell starts in a millisecond, and no argument becomes code.
_GUARD = f"""
read -r line && exit
kill -s TERM -- "-$1"
[ -z "$2" ] || docker kill "$2" &
sleep {GRACE:g}
kill -s KILL -- "-$1"
wait
"""
#: Lines of the log that an error shows.
TAIL = 20
_POLL = 0.05
#: What tqdm writes: ` 45%|####      | 450/1000 [00:12<00:15]`.
_BAR = re.compile(r"%\|[^|]*\|\s*(\d+)/(\d+)")


class CommandFailed(RuntimeError):
    """A command of a checkout failed; with how it ended, and its last lines."""

    def __init__(self, name: str, how: str, tail: list[str], log: Path) -> None:
        self.name, self.how, self.tail, self.log = name, how, tuple(tail), log
        lines = "\n".join(f"  | {line}" for line in tail) or "  | (no output)"
        super().__init__(f"{name} {how}. Its last lines:\n{lines}\nFull log: {log}")


class TimeLimit(CommandFailed):
    """A command was killed because it ran longer than its limit."""


def parse_bar(line: str) -> tuple[int, int] | None:
    """Steps done and total steps if a line is a progress bar of tqdm."""
    found = _BAR.search(line)
    return (int(found[1]), int(found[2])) if found else None


def check_disk(folder: Path, free_bytes: int) -> None:
    """Refuse to start if the disk is too full.

    Raises:
        BadInput: with both numbers.

    """
    free = shutil.disk_usage(folder).free
    if free < free_bytes:
        fact = f"{free / 2**30:.1f} GiB are free and {free_bytes / 2**30:.1f} GiB are needed"
        raise BadInput(folder, fact, "Free some space, or choose another folder with --out.")


def run(
    name: str,
    launch: Launch,
    cwd: Path,
    log: Path,
    limit: float | None = None,
    on_line: Callable[[str], None] | None = None,
    free_bytes: int = 1 << 30,
) -> None:
    """Run a command to its end.

    Args:
        name: what it is called in errors.
        launch: arguments, environment and container.
        cwd: folder to run in.
        log: file that its output, both streams, is appended to as it comes.
        limit: seconds until it is killed; None for no limit.
        on_line: called with every line as it comes; a progress bar gives a line for each step.
        free_bytes: free space on the disk of `log` below which nothing is started.

    Raises:
        BadInput: too little free space, or an earlier command with this log is still running.
        Unavailable: the program cannot be started.
        TimeLimit: it ran longer than `limit`.
        CommandFailed: it ended with another code than 0.

    """
    log.parent.mkdir(parents=True, exist_ok=True)
    check_disk(log.parent, free_bytes)
    tail: deque[str] = deque(maxlen=TAIL)
    start = time.monotonic()
    with _locked(name, log) as file, _terminable():
        file.write(f"$ {' '.join(launch.arguments)}\n".encode())
        try:
            child = subprocess.Popen(
                launch.arguments,
                cwd=cwd,
                env=dict(launch.environment),
                stdin=subprocess.DEVNULL,  # a question would wait for ever
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                bufsize=0,
            )
        except OSError as error:
            reason = f"{launch.arguments[0]} cannot be started ({error.strerror})"
            raise Unavailable(name, reason, "Check the interpreter's path.") from error
        guard: subprocess.Popen[bytes] | None = None
        trouble: list[BaseException] = []
        reader = threading.Thread(target=_drain, args=(child, file, tail, on_line, trouble))
        reader.daemon = True
        reader.start()
        try:
            guard = _guard(child, launch, file)
            late = False
            while not _ended(child) and not trouble and not late:
                late = limit is not None and time.monotonic() - start > limit
                time.sleep(_POLL)
        finally:
            _end(child, launch, guard)
            reader.join(GRACE)
    seconds = time.monotonic() - start
    if trouble:
        raise trouble[0]
    if late:
        raise TimeLimit(name, f"was killed at its time limit of {limit:g} s", list(tail), log)
    if child.returncode:
        raise CommandFailed(name, _how(child.returncode, seconds), list(tail), log)


@contextmanager
def _locked(name: str, log: Path) -> Iterator[BinaryIO]:
    """Open a log and lock it; a guard still holds it if its harness was killed a moment ago."""
    until = time.monotonic() + PATIENCE
    with log.open("ab") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > until:
                    fact = f"{name}: another command that writes this log is still running"
                    raise BadInput(log, fact, "Wait until it has ended, or stop it.") from error
                time.sleep(_POLL)
        try:
            yield file
        finally:  # not left to the closing: a fork of this process may hold the file, too
            fcntl.flock(file, fcntl.LOCK_UN)


def _guard(
    child: subprocess.Popen[bytes], launch: Launch, file: BinaryIO
) -> subprocess.Popen[bytes]:
    """Start a process that ends the group if this process dies; it shares the log's lock."""
    return subprocess.Popen(
        ("/bin/sh", "-c", _GUARD, "guard", str(child.pid), launch.container or ""),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # what ends the harness must not end it
        pass_fds=(file.fileno(),),
    )


def _how(code: int, seconds: float) -> str:
    if code < 0:
        with suppress(ValueError):
            reason = " (out of memory?)" if -code == signal.SIGKILL else ""
            return f"was killed by {signal.Signals(-code).name}{reason} after {seconds:.0f} s"
    return f"exited with code {code} after {seconds:.0f} s"


def _drain(
    child: subprocess.Popen[bytes],
    file: BinaryIO,
    tail: deque[str],
    on_line: Callable[[str], None] | None,
    trouble: list[BaseException],
) -> None:
    """Copy the output to the log, and pass on its lines; a carriage return ends one too."""
    assert child.stdout is not None
    rest = b""
    try:
        while chunk := child.stdout.read(1 << 16):
            file.write(chunk)
            file.flush()
            *lines, rest = re.split(rb"[\r\n]+", rest + chunk)
            for line in lines:
                _line(line, tail, on_line)
        _line(rest, tail, on_line)
    except BaseException as error:
        if not file.closed:  # a closed log: the call is over
            trouble.append(error)


def _line(raw: bytes, tail: deque[str], on_line: Callable[[str], None] | None) -> None:
    line = raw.decode("utf-8", "replace").rstrip()
    if not line:
        return
    # A bar of 50,000 steps must not push the error out of the last lines.
    if tail and parse_bar(line) and parse_bar(tail[-1]):
        tail.pop()
    tail.append(line)
    if on_line is not None:
        on_line(line)


def _ended(child: subprocess.Popen[bytes]) -> bool:
    """Whether the leader has ended; it is not reaped, so that its group's id stays ours."""
    flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, child.pid, flags) is not None


def _end(
    child: subprocess.Popen[bytes], launch: Launch, guard: subprocess.Popen[bytes] | None
) -> None:
    """End the whole group, also if its leader ended without an error, and dismiss the guard."""
    if launch.container and not _ended(child):
        command = ("docker", "kill", launch.container)
        with suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(
                command, timeout=GRACE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
    if not _ended(child):
        _signal(child, signal.SIGTERM)
        until = time.monotonic() + GRACE
        while not _ended(child) and time.monotonic() < until:
            time.sleep(_POLL)
    _signal(child, signal.SIGKILL)
    if guard is not None:
        guard.communicate(b"done\n")
    child.wait()  # only now may the group's id be used again


def _signal(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM, which a job scheduler sends, raises an exception here, so that all is cleaned up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
