"""Ctrl-C and kill -9 in the middle of a fit: the next run goes on where the last one stopped."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from harness.engine.store import Store

DRIVER = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    import numpy as np
    from harness.contracts import MethodSpec, RenderedFrame
    from harness.engine.plan import Request
    from harness.engine.planner import lay_out
    from harness.engine.run import Runner
    from methods import catalog
    from metrics import catalog as metrics
    from tests import toy

    class Slow:
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
        def render(self, request, clock=None):
            for _ in range(request.count):
                grey = np.full((request.height, request.width, 3), 0.5, np.float32)
                yield RenderedFrame(grey, np.ones(grey.shape[:2], np.float32))

    spec = MethodSpec("slow", "Slow", "-", "-", "x:y", role="baseline", code=("methods.catalog",))
    catalog.build = lambda name: Slow()
    request = Request(methods=("slow",), split="toy")
    chosen = [metrics.spec("psnr")]
    plan = lay_out(request, toy.manifest(), [toy.sequence()], [spec], chosen, {})
    runner = Runner(Path(sys.argv[1]))
    results = runner.run(plan)
    print("value", results.rows[0].scores["psnr"].value, flush=True)
    """
)
ROOT = Path(__file__).resolve().parents[3]


def start(out: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        # A shell's background jobs ignore Ctrl-C, and their children would, too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGKILL])
def test_the_next_run_resumes(tmp_path, blow):
    child = start(tmp_path)
    for line in child.stdout:
        if line.strip() == "step 3":
            break
    child.send_signal(blow)
    child.communicate(timeout=30)
    assert child.returncode != 0
    assert not list((tmp_path / "cells" / "fit").glob("*/cell.json"))
    assert not (tmp_path / "results.json").exists()

    out, err = start(tmp_path).communicate(timeout=60)
    assert "from 3" in out, err
    assert "step 1" not in out
    assert "value " in out
    assert not list((tmp_path / "cells").rglob("*.partial"))
    assert Store(tmp_path).root.is_dir()


def test_two_runs_in_one_folder_are_refused(tmp_path):
    first = start(tmp_path)
    for line in first.stdout:
        if line.strip() == "step 3":
            break
    _, err = start(tmp_path).communicate(timeout=60)
    first.kill()
    first.communicate()
    assert "another run is working in it" in err
