"""What the gate of `harness check` sees of quality: `python -m benchmarks.gate_quality RUN...`

The runs have one seed each, none of them among the baseline's; a check is of five of them
together, as CI checks five seeds.

False alarms: every choice of five good runs is checked. Losses: noise on the means of every
fitted face and mouth, scaled until PSNR has lost `--decibels`, rendered and scored anew by the
metrics of pixels alone; the other columns and the other drive are left as they were, which
makes the plant harder to see than it would be.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import numpy as np

from harness.contracts import Results
from reports import baseline as baselines
from reports import check, stored

DRIVE = "audio+au"
SCORED = ("psnr", "psnr/regions", "ssim", "ssim/regions", "lpips/synthetic")
TOGETHER = 5
#: Plants for each good run.
DRAWS = 2


class Fitted:
    """A stored run's UA-3DTalk, to be disturbed and scored again."""

    def __init__(self, run: Path) -> None:
        from harness.runner import archive
        from harness.runner.plan import Request
        from harness.runner.planner import make_plan
        from harness.runner.store import Store
        from metrics import catalog

        self.results = stored.read(run)
        self.row = next(row for row in self.results.rows if row.drive == DRIVE)
        plan = make_plan(
            Request(("ua3dtalk",), "synthetic-mini", seeds=self.row.seeds, baselines=False)
        )
        self.work = next(work for work in plan.works if work.drive == DRIVE)
        store = Store(run)
        self.fit, self.truth = store.path(self.work.fit), store.path(self.work.truth)
        self.render = store.path(self.work.render)
        self.metrics = [catalog.build(catalog.spec(name), "cpu") for name in SCORED]
        self.frames = np.stack(list(archive.open_frames(self.truth / "frames.zip")))
        self.sigma = 2e-4

    def lose(self, decibels: float, seed: int) -> tuple[Results, float]:
        """The run after a loss of PSNR within 0.02 dB, and the loss."""
        whole = self.row.scores["psnr"].value
        for _ in range(12):  # the loss grows about as the square of small noise
            frames = self.disturbed(seed)
            lost = whole - self.psnr(frames)
            if abs(lost - decibels) < 0.02:
                return self.scored(frames), lost
            self.sigma *= float(np.clip(decibels / max(lost, 0.01), 0.2, 5)) ** 0.5
        raise SystemExit(f"no noise costs {decibels} dB: the last cost {lost:.2f}")

    def disturbed(self, seed: int) -> np.ndarray:
        """Frames [T,H,W,3] with noise of `sigma` scene units on every Gaussian's mean."""
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
                model[part]["means"] = means + self.sigma * noise
            write_tensors(folder / "model.pt", model)
            method = catalog.build("ua3dtalk")
            method.load(folder, "cpu")
            return np.stack(list(composited(method, self.work)))

    def psnr(self, frames: np.ndarray) -> float:
        """As the metric: mean over frames."""
        error = (frames.astype(np.float64) - self.frames) ** 2
        return float(np.mean(10 * np.log10(255**2 / error.mean(axis=(1, 2, 3)))))

    def scored(self, frames: np.ndarray) -> Results:
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


def together(runs: Sequence[Results]) -> Results:
    """As one run of all their seeds: values are means over seeds."""
    rows = []
    for alike in zip(*(run.rows for run in runs), strict=True):
        scores = {}
        for column, score in alike[0].scores.items():
            values = [baselines.value_of(row, column) for row in alike]
            known = [value for value in values if value is not None]
            scores[column] = replace(score, value=fmean(known) if known else None)
        seeds = tuple(seed for row in alike for seed in row.seeds)
        rows.append(replace(alike[0], scores=scores, seeds=seeds))
    return replace(runs[0], rows=tuple(rows))


def seeds(runs: Sequence[Results]) -> list[int]:
    """Of runs of one seed each."""
    return [run.rows[0].seeds[0] for run in runs]


def failing(baseline: Path, runs: Sequence[Results]) -> list[str]:
    """The columns that fail for these runs together."""
    found = check.quality(baselines.read(baseline), together(runs), "the runs")
    return [each.what for each in check.failing(found)]


def alarms(baseline: Path, runs: Sequence[Results]) -> int:
    """Check every choice of good runs; returns false alarms."""
    wrong = total = 0
    for chosen in itertools.combinations(runs, TOGETHER):
        total += 1
        if columns := failing(baseline, chosen):
            wrong += 1
            print(f"seeds {seeds(chosen)}: {', '.join(columns)}")
    print(f"{wrong} false alarms in {total} choices of {TOGETHER} from {len(runs)} good runs")
    return wrong


def losses(baseline: Path, folders: Sequence[Path], count: int, decibels: float) -> int:
    """Plant losses of quality; returns those that were missed."""
    worse: list[list[Results]] = []
    for index, folder in enumerate(folders):
        model, found = Fitted(folder), []
        for draw in range(DRAWS):
            run, lost = model.lose(decibels, DRAWS * index + draw)
            found.append(run)
            print(f"{folder}: noise {model.sigma:.1e} costs {lost:.2f} dB", flush=True)
        worse.append(found)
    rng, missed = np.random.default_rng(0), 0
    for index in range(count):
        chosen = sorted(rng.choice(len(worse), TOGETHER, replace=False))
        runs = [worse[each][rng.integers(DRAWS)] for each in chosen]
        columns = failing(baseline, runs)
        missed += not columns
        names = ", ".join(name.rpartition(" ")[2] for name in columns[:5])
        print(
            f"{index + 1:3} seeds {seeds(runs)}: {len(columns)} columns fail ({names})", flush=True
        )
    print(f"{count - missed} of {count} planted losses caught")
    return missed


def main() -> int:
    """The exit code is 0 where no good run failed and no loss was missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", type=Path, nargs="+", help="folders of one seed each")
    parser.add_argument("--baseline", type=Path, default=Path("baselines/ci.json"))
    parser.add_argument("--count", type=int, default=20, help="planted losses")
    parser.add_argument("--decibels", type=float, default=0.5)
    options = parser.parse_args()
    if len(options.runs) < TOGETHER:
        parser.error(f"{len(options.runs)} runs are given: a check is of {TOGETHER} together")
    known = set(baselines.read(options.baseline)["provenance"]["seeds"])
    for folder in options.runs:
        if both := known & {seed for row in stored.read(folder).rows for seed in row.seeds}:
            parser.error(f"{folder} has seeds of the baseline ({both}): it would check itself")
    wrong = alarms(options.baseline, [stored.read(folder) for folder in options.runs])
    missed = losses(options.baseline, options.runs, options.count, options.decibels)
    return int(wrong + missed > 0)


if __name__ == "__main__":
    raise SystemExit(main())
