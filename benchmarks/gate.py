"""What the gate of `harness check` catches, and what it does not alarm for.

    python -m benchmarks.gate alarms RUN           # 20 runs beside two busy processes
    python -m benchmarks.gate slowdowns            # 20 plants in the fusion, half under load
    python -m benchmarks.gate losses RUN RUN RUN   # 20 draws of noise on the Gaussians' means

Every check of speed is a process of its own, as in CI. A planted slowdown is more of the same
work: the fusion of a further share of the Gaussians, forward and backward. A planted loss is
noise on the means of a fitted head, scaled until PSNR has lost `--decibels`, rendered and
scored anew by PSNR, SSIM and LPIPS alone; the run's other columns are left as they were, which
makes the plant harder to see than it would be.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np

BASELINE = Path("baselines/ci.json")
#: Processes that load the machine: one computes, one streams memory.
BUSY = (
    "x = [1.0] * 100_000\nwhile True: sum(x)",
    "import numpy\nx = numpy.ones(4_000_000)\nwhile True: x * 1.0001",
)
SCORED = ("psnr", "ssim", "lpips/synthetic")


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
    """The measured ratios of a check's table, in one line."""
    lines = [line.split() for line in text.splitlines() if "kernel's" in line]
    return ", ".join(f"{w[0].strip(',')} {w[w.index('times,') - 1]}" for w in lines)


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
    from methods.ua3dtalk.field import fusion

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


def child(baseline: Path, share: float) -> int:
    """One check of speed with the plant; exit code as `harness check`."""
    from harness.cli.check import speed
    from reports import baseline as baselines
    from reports import verdicts

    with planted(share):
        found = speed(baselines.read(baseline), baseline)
    print(verdicts.table(found))
    return int(any(each.fails and each.what.startswith("fusion") for each in found))


def slowdowns(baseline: Path, runs: int, factor: float) -> int:
    """Plant slowdowns; returns those that were missed."""
    share = factor - 1
    print(f"the fusion of {share:.0%} of the Gaussians again: {factor:g} times the work")
    missed = 0
    for index in range(runs):
        with load() if index % 2 else nullcontext():
            code, text, seconds = call(
                *("-m", "benchmarks.gate", "child", "--share", str(share)),
                *("--baseline", str(baseline)),
            )
            missed += code != 1
            where = "busy" if index % 2 else "quiet"
            print(
                f"{index + 1:3} exit {code} {seconds:4.0f} s, {where}, {busy()}: {told(text)}",
                flush=True,
            )
    print(f"{runs - missed} of {runs} planted slowdowns caught")
    return missed


class Fitted:
    """A stored run's UA-3DTalk under the drive audio+au, to be disturbed and scored again."""

    def __init__(self, run: Path) -> None:
        from harness.runner import archive
        from harness.runner.plan import Request
        from harness.runner.planner import make_plan
        from harness.runner.store import Store
        from metrics import catalog
        from reports import stored

        self.run, self.results = run, stored.read(run)
        self.row = next(r for r in self.results.rows if r.drive == "audio+au")
        plan = make_plan(
            Request(("ua3dtalk",), "synthetic-mini", seeds=self.row.seeds, baselines=False)
        )
        self.work = next(work for work in plan.works if work.drive == self.row.drive)
        store = Store(run)
        self.fit, self.truth = store.path(self.work.fit), store.path(self.work.truth)
        self.render = store.path(self.work.render)
        self.metrics = [catalog.build(catalog.spec(name), "cpu") for name in SCORED]
        self.frames = np.stack(list(archive.open_frames(self.truth / "frames.zip")))

    def disturbed(self, sigma: float, seed: int) -> np.ndarray:
        """Frames [T,H,W,3] with noise of `sigma` scene units on every Gaussian's mean."""
        import shutil

        import torch

        from harness.runner.stages import composited
        from methods import catalog
        from methods.ua3dtalk.checkpoint import read_tensors, write_tensors

        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "fit"
            shutil.copytree(self.fit, folder)
            model = read_tensors(folder / "model.pt")
            generator = torch.Generator().manual_seed(seed)
            for part in ("face", "mouth"):
                means = model[part]["means"]
                noise = torch.randn(means.shape, generator=generator)
                model[part]["means"] = means + sigma * noise
            write_tensors(folder / "model.pt", model)
            method = catalog.build("ua3dtalk")
            method.load(folder, "cpu")
            return np.stack(list(composited(method, self.work)))

    def psnr(self, frames: np.ndarray) -> float:
        """As the metric: mean over frames."""
        error = (frames.astype(np.float64) - self.frames) ** 2
        return float(np.mean(10 * np.log10(255**2 / error.mean(axis=(1, 2, 3)))))

    def scored(self, frames: np.ndarray):
        """The stored results, with this row's scored columns replaced."""
        from harness.runner.scoring import clip_of, stream

        with clip_of(self.render, self.truth, None) as (clip, _, _):
            batches = (
                (i, frames[i : i + 8], self.frames[i : i + 8]) for i in range(0, clip.count, 8)
            )
            outcomes = stream(self.metrics, clip, batches, lambda *_: None)
        scores = dict(self.row.scores)
        for outcome in outcomes:
            for column, value in outcome.values.items():
                scores[column] = replace(scores[column], value=value)
        row = replace(self.row, scores=scores)
        rows = tuple(row if each is self.row else each for each in self.results.rows)
        return replace(self.results, rows=rows)


def losses(baseline: Path, folders: list[Path], runs: int, decibels: float) -> int:
    """Plant losses of quality; returns those that were missed."""
    from reports import baseline as baselines
    from reports import check

    kept = baselines.read(baseline)
    models = [Fitted(folder) for folder in folders]
    sigma, missed = 2e-3, 0
    for index in range(runs):
        model = models[index % len(models)]
        whole = model.row.scores["psnr"].value
        for _ in range(12):  # the loss grows about as the square of small noise
            frames = model.disturbed(sigma, index)
            lost = whole - model.psnr(frames)
            if abs(lost - decibels) < 0.02:
                break
            sigma *= float(np.clip(decibels / max(lost, 0.01), 0.2, 5)) ** 0.5
        found = check.failing(check.quality(kept, model.scored(frames), str(model.run)))
        names = [each.what.rpartition(" ")[2] for each in found]
        missed += not found
        print(
            f"{index + 1:3} seed {model.row.seeds[0]}, noise {sigma:.1e}, {lost:.2f} dB lost: "
            f"{len(found)} columns fail ({', '.join(names[:4])})",
            flush=True,
        )
    print(f"{runs - missed} of {runs} planted losses caught")
    return missed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("alarms", "slowdowns", "losses", "child"))
    parser.add_argument("runs", type=Path, nargs="*", default=[Path("runs/synthetic-mini@1")])
    parser.add_argument("--baseline", type=Path, default=BASELINE)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--factor", type=float, default=1.5)
    parser.add_argument("--decibels", type=float, default=0.5)
    parser.add_argument("--share", type=float, default=0.5)
    options = parser.parse_args()
    if options.what == "child":
        return child(options.baseline, options.share)
    if options.what == "alarms":
        return int(alarms(options.baseline, options.runs[0], options.count) > 0)
    if options.what == "slowdowns":
        return int(slowdowns(options.baseline, options.count, options.factor) > 0)
    return int(losses(options.baseline, options.runs, options.count, options.decibels) > 0)


if __name__ == "__main__":
    raise SystemExit(main())
