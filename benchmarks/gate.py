"""What the gate of `harness check` detects of speed, run as in CI.

    python -m benchmarks.gate alarms RUN     # 20 checks of a good run beside two busy processes
    python -m benchmarks.gate slowdowns      # 20 plants in the fusion, half of them under load

Every check is a process of its own. An injected slowdown is more of the same work: the fusion of
a further share of the Gaussians, forward and backward, so many that the guarded call takes
`--factor` times its CPU time. Quality: `benchmarks/gate_quality.py`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

BASELINE = Path("baselines/ci.json")
#: Exit code of a check that detected the slowdown; a child that fails exits with 1.
CAUGHT = 10
#: Processes that load the machine: one computes, one streams memory.
BUSY = (
    "x = [1.0] * 100_000\nwhile True: sum(x)",
    "import numpy\nx = numpy.ones(4_000_000)\nwhile True: x * 1.0001",
)


@contextmanager
def load() -> Iterator[None]:
    """Two busy processes beside the block."""
    others = [subprocess.Popen([sys.executable, "-c", program]) for program in BUSY]
    try:
        time.sleep(1)
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def call(*arguments: str) -> tuple[int, str, float]:
    """Run a command in a process of its own: exit code, last lines, seconds."""
    start = time.perf_counter()
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True)
    return done.returncode, done.stdout.strip() or done.stderr, time.perf_counter() - start


def busy() -> str:
    """The machine's load average of the last minute."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def told(text: str) -> str:
    """The measured ratios of a check's table, in one line; what it said where there is none."""
    lines = [line.split() for line in text.splitlines() if "kernel's" in line]
    ratios = ", ".join(f"{w[0].strip(',')} {w[w.index('times,') - 1]}" for w in lines)
    return ratios or text.strip().splitlines()[-1]


def alarms(baseline: Path, run: Path, runs: int) -> int:
    """Check a good run under load; returns false alarms."""
    wrong = 0
    with load():
        for index in range(runs):
            code, text, seconds = call(
                "-m", "harness", "check", "--baseline", str(baseline), str(run)
            )
            wrong += code != 0
            print(f"{index + 1:3} exit {code} {seconds:4.0f} s, {busy()}: {told(text)}", flush=True)
    print(f"{wrong} false alarms in {runs} runs under load")
    return wrong


@contextmanager
def planted(share: float) -> Iterator[None]:
    """The fusion does a further share of its work, forward and backward."""
    from methods.ua3dtalk.field.fusion import join as fusion

    kept = fusion.precision_fusion

    def slower(views):
        more = max(1, round(share * views[0].shape[-1]))
        again = kept([view[..., :more].contiguous() for view in views])
        return kept(views) + 0 * again.sum()

    fusion.precision_fusion = slower
    try:
        yield
    finally:
        fusion.precision_fusion = kept


def share_for(factor: float, clock: Callable[[], float] = time.process_time) -> float:
    """The share that makes the fusion `factor` times as slow, as the gate times it by `clock`.

    Not `factor - 1`: part of a call does not grow with the Gaussians.
    """
    from harness.gate import calibration, throughput, workloads

    share = factor - 1
    with calibration.steady():
        kernel = calibration.kernel()
        for _ in range(5):
            works, slow = workloads.build(), workloads.fusion()

            def planted_work(slow: workloads.Work = slow, share: float = share) -> object:
                with planted(share):
                    return slow()

            found = throughput.measure({**works, "planted": planted_work}, kernel, clock=clock)
            ratio = found["planted"].ratio / found["fusion"].ratio
            print(f"{share:.0%} of the Gaussians again: {ratio:.2f} times", flush=True)
            share *= (factor - 1) / max(ratio - 1, 0.05)
    return share


def child(baseline: Path, share: float) -> int:
    """One check of speed with the plant; exit code `CAUGHT`, or 0 where it was missed."""
    from harness.cli.check import speed
    from harness.gate import baseline as baselines
    from harness.gate import verdicts

    with planted(share):
        found = speed(baselines.read(baseline), baseline)
    print(verdicts.table(found))
    seen = any(each.fails and each.what.startswith("fusion") for each in found)
    return CAUGHT if seen else 0


def slowdowns(baseline: Path, runs: int, factor: float) -> int:
    """Plant slowdowns; returns those that were missed."""
    share = share_for(factor)
    print(f"the fusion of {share:.0%} of the Gaussians again takes {factor:g} times the time")
    missed = 0
    for index in range(runs):
        with load() if index % 2 else nullcontext():
            code, text, seconds = call(
                *("-m", "benchmarks.gate", "child", "--share", str(share)),
                *("--baseline", str(baseline)),
            )
            missed += code != CAUGHT
            where = "busy" if index % 2 else "quiet"
            print(
                f"{index + 1:3} exit {code} {seconds:4.0f} s, {where}, {busy()}: {told(text)}",
                flush=True,
            )
    print(f"{runs - missed} of {runs} planted slowdowns caught")
    return missed


def main() -> int:
    """The exit code is 0 where nothing was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("alarms", "slowdowns", "child"))
    parser.add_argument("run", type=Path, nargs="?", default=Path("runs/synthetic-mini@1"))
    parser.add_argument("--baseline", type=Path, default=BASELINE)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--factor", type=float, default=1.5)
    parser.add_argument("--share", type=float, default=0.5)
    options = parser.parse_args()
    if options.what == "child":
        return child(options.baseline, options.share)
    if options.what == "alarms":
        return int(alarms(options.baseline, options.run, options.count) > 0)
    return int(slowdowns(options.baseline, options.count, options.factor) > 0)


if __name__ == "__main__":
    raise SystemExit(main())
