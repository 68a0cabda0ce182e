"""What the gate of `harness check` detects of quality: `python -m benchmarks.gate_quality RUN...`

The runs have one seed each, 20 or more. They are divided at random: 15 make a baseline, three of
the others are checked against it together, as CI does.

False alarms: good runs, dealt `--deals` times. Losses: noise on the means of every fitted face
and mouth, scaled until PSNR under the drive audio+au has lost `--decibels`, rendered under both
drives and scored again by the pixel metrics only; the other columns are left as they were,
which makes the loss harder to detect.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import numpy as np

from harness.contracts import Results
from harness.gate import baseline as baselines
from harness.gate import check
from reports import stored

DRIVES = ("audio+au", "audio")  # the loss is measured under the first
SCORED = ("psnr", "psnr/regions", "ssim", "ssim/regions", "lpips/synthetic")
KEPT, CHECKED = 15, 3
ROLE = "method"


class Fitted:
    """A stored run's UA-3DTalk, to be disturbed and scored again."""

    def __init__(self, run: Path) -> None:
        from harness.engine.cells import archive
        from harness.engine.cells.store import Store
        from harness.engine.planning import make_plan
        from harness.engine.request import MethodRow, Request, SplitData
        from harness.engine.split_data import open_split
        from metrics import catalog

        self.results, self.store = stored.read(run), Store(run)
        self.rows = {
            row.drive: row
            for row in self.results.rows
            if baselines.judged(row) and row.role == ROLE
        }
        seeds = self.rows[DRIVES[0]].seeds
        row = MethodRow("ua3dtalk", seeds=seeds)
        plan = make_plan(Request((row,), SplitData("synthetic-mini")))
        self.jobs = {job.entry.row.drive: job for job in plan.jobs}
        self.sequence = open_split(SplitData("synthetic-mini")).tests[0]
        self.metrics = [catalog.build(catalog.spec(name), "cpu") for name in SCORED]
        truth = self.store.path(self.jobs[DRIVES[0]].cell("truth")) / "frames.zip"
        self.truth = np.stack(list(archive.open_frames(truth)))
        self.sigma = 2e-4

    def lose(self, decibels: float, seed: int) -> tuple[Results, float]:
        """The run after a loss of PSNR within 0.02 dB, and the loss."""
        whole = self.rows[DRIVES[0]].scores["psnr"].value
        for _ in range(12):  # the loss grows about as the square of small noise
            frames = self.disturbed(DRIVES[0], seed)
            lost = whole - self.psnr(frames)
            if abs(lost - decibels) < 0.02:
                other = {drive: self.disturbed(drive, seed) for drive in DRIVES[1:]}
                return self.scored({DRIVES[0]: frames, **other}), lost
            self.sigma *= float(np.clip(decibels / max(lost, 0.01), 0.2, 5)) ** 0.5
        raise SystemExit(f"no noise costs {decibels} dB: the last cost {lost:.2f}")

    def disturbed(self, drive: str, seed: int) -> np.ndarray:
        """Frames [T,H,W,3] with noise of `sigma` scene units on every Gaussian's mean."""
        import torch

        from harness.engine.work.rendering import composited
        from harness.files.tensors import read_tensors
        from methods import catalog
        from methods.ua3dtalk.checkpoint import write_tensors

        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "fit"
            shutil.copytree(self.store.path(self.jobs[drive].cell("fit")), folder)
            model = read_tensors(folder / "model.pt")
            generator = torch.Generator().manual_seed(seed)
            for part in ("face", "mouth"):
                means = model[part]["means"]
                noise = torch.randn(means.shape, generator=generator)
                model[part]["means"] = means + self.sigma * noise
            write_tensors(folder / "model.pt", model)
            method = catalog.build("ua3dtalk")
            method.load(folder, "cpu")
            return np.stack(
                list(composited(method, catalog.spec("ua3dtalk"), self.sequence, drive))
            )

    def psnr(self, frames: np.ndarray) -> float:
        """As the metric: mean over frames."""
        error = (frames.astype(np.float64) - self.truth) ** 2
        return float(np.mean(10 * np.log10(255**2 / error.mean(axis=(1, 2, 3)))))

    def scored(self, frames: dict[str, np.ndarray]) -> Results:
        """The stored results, with the scored columns of these drives replaced."""
        rows = []
        for row in self.results.rows:
            if row is self.rows.get(row.drive) and row.drive in frames:
                values = self.values(row.drive, frames[row.drive])
                new = {name: replace(row.scores[name], value=each) for name, each in values.items()}
                row = replace(row, scores={**row.scores, **new})
            rows.append(row)
        return replace(self.results, rows=tuple(rows))

    def values(self, drive: str, frames: np.ndarray) -> dict[str, float | None]:
        """Columns of the metrics of pixels."""
        from harness.engine.work.scoring import rendered_clip, stream

        job = self.jobs[drive]
        places = [self.store.path(job.cell(kind)) for kind in ("render", "truth")]
        clip = rendered_clip(*places, None)
        batches = ((i, frames[i : i + 8], self.truth[i : i + 8]) for i in range(0, clip.count, 8))
        outcomes = stream(self.metrics, clip, batches, lambda *_: None)
        return {name: value for each in outcomes for name, value in each.values.items()}


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


def failing(kept: Sequence[Results], checked: Sequence[Results]) -> list[str]:
    """The columns that fail when some runs are checked together against the others."""
    named = [(str(seeds([run])), run) for run in kept]
    found = check.quality(baselines.make(named, {}), together(checked), "the runs")
    return [each.what for each in check.failing(found)]


def deal(runs: int, rng: np.random.Generator) -> tuple[list[int], list[int]]:
    """Which runs make the baseline and which are checked."""
    order = rng.permutation(runs).tolist()
    return order[:KEPT], sorted(order[KEPT : KEPT + CHECKED])


def alarms(runs: Sequence[Results], deals: int) -> int:
    """Check good runs; returns false alarms."""
    rng, wrong = np.random.default_rng(0), 0
    for _ in range(deals):
        kept, checked = ([runs[i] for i in part] for part in deal(len(runs), rng))
        if columns := failing(kept, checked):
            wrong += 1
            print(f"seeds {seeds(checked)}: {', '.join(columns)}")
    print(f"{wrong} false alarms in {deals} deals of {len(runs)} good runs")
    return wrong


def losses(folders: Sequence[Path], runs: Sequence[Results], count: int, decibels: float) -> int:
    """Plant losses of quality; returns those that were missed."""
    worse = []
    for index, folder in enumerate(folders):
        model = Fitted(folder)
        run, lost = model.lose(decibels, index)
        worse.append(run)
        print(f"{folder}: noise {model.sigma:.1e} costs {lost:.2f} dB", flush=True)
    rng, missed = np.random.default_rng(0), 0
    for index in range(count):
        kept, checked = deal(len(runs), rng)
        columns = failing([runs[i] for i in kept], [worse[i] for i in checked])
        missed += not columns
        names = ", ".join(name.rpartition(" ")[2] for name in columns[:5])
        which = seeds([runs[i] for i in checked])
        print(f"{index + 1:3} seeds {which}: {len(columns)} columns fail ({names})", flush=True)
    print(f"{count - missed} of {count} planted losses caught")
    return missed


def main() -> int:
    """The exit code is 0 where no good run failed and no loss was missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", type=Path, nargs="+", help="folders of one seed each")
    parser.add_argument("--deals", type=int, default=500, help="of good runs")
    parser.add_argument("--count", type=int, default=20, help="planted losses")
    parser.add_argument("--decibels", type=float, default=0.5)
    options = parser.parse_args()
    if len(options.runs) < KEPT + CHECKED:
        parser.error(f"{len(options.runs)} runs are given; {KEPT + CHECKED} are needed")
    runs = [stored.read(folder) for folder in options.runs]
    wrong = alarms(runs, options.deals)
    missed = losses(options.runs, runs, options.count, options.decibels)
    return int(wrong + missed > 0)


if __name__ == "__main__":
    raise SystemExit(main())
