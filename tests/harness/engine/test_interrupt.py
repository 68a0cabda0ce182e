"""Ctrl-C and kill -9 in the middle of a fit; several processes in one folder."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from harness.engine.cells.store import Store
from reports import stored

DRIVER = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    from harness.contracts import MethodSpec
    from harness.engine.execution import Engine
    from methods import catalog
    from tests import toy_run

    class Slow(toy_run.Grey):
        def fit(self, training, workdir, context):
            steps = workdir / "steps"
            done = int(steps.read_text()) if steps.exists() else 0
            print(f"from {done}", flush=True)
            for step in range(done + 1, 5):
                steps.write_text(str(step))
                print(f"step {step}", flush=True)
                if step == 3 and done == 0:
                    time.sleep(60)
        def load(self, workdir, device="cpu"):
            assert (workdir / "steps").read_text() == "4"

    spec = MethodSpec("slow", "Slow", "-", "-", "tests.toy_run:Grey", role="baseline")
    known = {**catalog.specs(), "slow": spec}
    catalog.specs = lambda: known
    catalog.build = lambda name: Slow()
    engine, results = toy_run.run(Path(sys.argv[1]), ("slow",), ("psnr",))
    print("value", results.rows[0].scores["psnr"].value, flush=True)
    """
)

#: Works through a plan of many cells and prints how many it computed itself.
WORKER = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    from harness.contracts import SequenceEntry
    from tests import toy, toy_run

    class Monkey:
        def setattr(self, owner, name, value):
            setattr(owner, name, value)

    class Unhurried(toy_run.Grey):
        def fit(self, training, workdir, context):
            time.sleep(0.05)
            super().fit(training, workdir, context)

    toy_run.register(Monkey(), "grey", Unhurried, entry="tests.toy_run:Grey")
    entries = tuple(SequenceEntry(f"s{i}", f"p{i % 2}", options={"seed": i}) for i in range(4))
    names = ("grey", "still", "nearest-audio", "ground-truth")
    while not Path(sys.argv[2]).exists():
        time.sleep(0.01)
    engine, results = toy_run.run(
        Path(sys.argv[1]), names, ("psnr", "ssim"), toy.manifest(sequences=entries), seeds=(0, 1)
    )
    print("computed", engine.tally.computed, "failed", engine.tally.failed, flush=True)
    """
)
ROOT = Path(__file__).resolve().parents[3]


def start(program: str, *arguments: object) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        # A shell's background jobs ignore Ctrl-C, and their children would, too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGKILL])
def test_the_next_run_resumes(tmp_path, blow):
    child = start(DRIVER, tmp_path)
    for line in child.stdout:
        if line.strip() == "step 3":
            break
    child.send_signal(blow)
    child.communicate(timeout=30)
    assert child.returncode != 0
    assert not list((tmp_path / "cells" / "fit").glob("*/cell.json"))
    assert not (tmp_path / "results.json").exists()

    out, err = start(DRIVER, tmp_path).communicate(timeout=60)
    assert "from 3" in out, err
    assert "step 1" not in out
    assert "value " in out
    assert not list((tmp_path / "cells").rglob("*.partial"))
    assert Store(tmp_path).root.is_dir()


def test_another_process_waits_for_a_cell_that_is_worked_on_and_says_so(tmp_path):
    first = start(DRIVER, tmp_path)
    for line in first.stdout:
        if line.strip() == "step 3":
            break
    second = start(DRIVER, tmp_path)
    for line in second.stderr:
        if "waiting for another process: slow" in line:
            break
    first.kill()  # its lock goes with it, and the second one continues the fit
    first.communicate()
    out, err = second.communicate(timeout=60)
    assert "from 3" in out, err
    assert "value " in out


def work_together(folder: Path, processes: int) -> tuple[list[int], str]:
    """Cells that each process computed, and the rows that they wrote."""
    folder.mkdir()
    go = folder / "go"
    children = [start(WORKER, folder / "runs", go) for _ in range(processes)]
    go.write_text("")
    counts = []
    for child in children:
        out, err = child.communicate(timeout=120)
        found = re.search(r"computed (\d+) failed 0", out)
        assert found, err
        counts.append(int(found[1]))
    results = stored.read(folder / "runs").to_json()
    for row in results["rows"]:
        row["costs"] = {}  # seconds and memory are those of one moment
        row["media"] = {k: v["video"] for k, v in row["media"].items()}
        files = [folder / "runs" / name for name in row["items"]]
        row["items"] = [path.read_text("utf-8") for path in files]
    assert not list((folder / "runs").rglob("*.partial"))
    return counts, json.dumps([results["rows"], results["columns"], results["sequences"]])


@pytest.mark.parametrize("processes", [2, 4])
def test_several_processes_do_every_cell_once_and_agree_with_one(tmp_path, processes):
    alone, expected = work_together(tmp_path / "one", 1)
    together, found = work_together(tmp_path / "many", processes)
    assert sum(together) == sum(alone)
    assert sum(count > 0 for count in together) > 1
    assert found == expected
