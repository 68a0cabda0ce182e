"""Fetches that are killed, and several processes that want one file at the same time."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace

import pytest

from harness import fetch
from tests.harness.fetch.weights_server import PAYLOAD, names, quiet

PROGRAM = """
import sys
from harness import fetch, weights
weights.registry = lambda: {{"net": weights.WeightEntry(**{row!r})}}
print("go", flush=True)
path = fetch.fetch_weights("net", lambda stage, *_: print(stage, flush=True))
sys.exit(path.stat().st_size != {size})
"""


@pytest.fixture
def another_process():
    """Starts a fetch of a row in a process of its own; none outlives the test."""
    started = []

    def start(row):
        program = PROGRAM.format(row=asdict(row), size=len(PAYLOAD))
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait(10)
        process.stdout.close()


def read_until(process, line):
    for text in process.stdout:
        if text.strip() == line:
            return
    raise AssertionError(f"the other process never said {line!r}")


@pytest.mark.parametrize("weight_id", ["net", "bare"])
def test_a_killed_fetch_leaves_its_part_and_the_next_goes_on(
    rows, server, folder, another_process, weight_id
):
    server.behaviour = "slow"
    row = replace(rows[weight_id], id="net")
    process = another_process(row)
    part = folder / "net.bin.part"
    deadline = time.monotonic() + 20
    while not (part.exists() and part.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait(10) == -signal.SIGKILL
    have = part.stat().st_size
    assert 0 < have < len(PAYLOAD)
    assert part.read_bytes() == PAYLOAD[:have]
    assert names(folder) == ["net.bin.part"]
    server.behaviour = "honest"
    assert fetch.fetch_weights(weight_id, quiet).read_bytes() == PAYLOAD
    assert server.ranges[-1] == f"bytes={have}-"


def test_two_fetches_of_one_file_wait_for_each_other(rows, server, folder, another_process):
    server.behaviour = "slow"
    first = another_process(rows["net"])
    read_until(first, "fetch")
    others = [another_process(rows["net"]) for _ in range(2)]
    for process in others:
        read_until(process, "wait for another fetch")
    server.go_on.set()
    assert [process.wait(20) for process in (first, *others)] == [0, 0, 0]
    assert (folder / "net.bin").read_bytes() == PAYLOAD
    assert server.ranges == [None]
    assert names(folder) == ["net.bin", "net.bin.sha256"]


def test_who_waited_goes_on_where_the_other_was_killed(rows, server, folder, another_process):
    server.behaviour = "slow"
    first = another_process(rows["net"])
    read_until(first, "fetch")
    second = another_process(rows["net"])
    read_until(second, "wait for another fetch")
    server.behaviour = "honest"
    first.kill()
    first.wait(10)
    assert second.wait(20) == 0
    assert (folder / "net.bin").read_bytes() == PAYLOAD
    assert server.ranges[0] is None
    assert server.ranges[1].startswith("bytes=")


def test_who_waited_begins_anew_where_the_other_was_sent_wrong_bytes(
    rows, server, folder, another_process
):
    server.behaviour, server.payload = "slow", bytes(len(PAYLOAD))
    first = another_process(rows["net"])
    read_until(first, "fetch")
    second = another_process(rows["net"])
    read_until(second, "wait for another fetch")
    server.behaviour, server.payload = "honest", PAYLOAD
    server.go_on.set()
    assert first.wait(20) == 1
    assert second.wait(20) == 0
    assert (folder / "net.bin").read_bytes() == PAYLOAD
    assert server.ranges == [None, None]
