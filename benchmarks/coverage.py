"""How often a 95% interval holds the truth, over simulated tables with clustered items.

Two rows are scored on the same sequences. Their difference has a known mean and varies with
the subject, with the sequence and from frame to frame, where neighbours resemble each other.
Beside our interval are the naive one, which takes every frame for an independent item, and
the percentile interval of the same resamples, which is too narrow for few clusters.

    python benchmarks/coverage.py                 1,000 tables a design
    python benchmarks/coverage.py --tables 200    quicker

Exit 1 if a design of `GUARANTEED` leaves 93% to 97%.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import signal

from reports.statistics import Series, estimate, paired
from reports.statistics.clusters import SCOPES, grouped
from reports.statistics.draws import draw_clusters

FPS = 25
BOUNDS = 0.93, 0.97


@dataclass(frozen=True)
class Design:
    """Sizes of a table; standard deviations between subjects, sequences and frames."""

    subjects: int
    sequences: int
    frames: int = 150
    subject: float = 1.0
    sequence: float = 1.0
    frame: float = 2.0
    memory: float = 0.9  # correlation of neighbouring frames
    skewed: bool = False  # exponential instead of normal effects of subjects and sequences
    uneven: bool = False  # numbers of sequences and frames differ by up to a factor of three
    target: str = "population"  # whose mean is to be held: "population", "subject", "sequence"

    @property
    def name(self) -> str:
        kinds = [f"{self.subjects} x {self.sequences} x {self.frames}"]
        kinds += ["skewed"] * self.skewed + ["uneven"] * self.uneven
        kinds += [f"subjects {self.subject:g}, sequences {self.sequence:g}"] * (
            (self.subject, self.sequence) != (1.0, 1.0) and self.target == "population"
        )
        kinds += [f"memory {self.memory:g}"] * (self.memory != 0.9)
        return ", ".join(kinds)


#: Designs that the interval is for: it must hold here.
GUARANTEED = (
    Design(8, 4),
    Design(8, 4, skewed=True),
    Design(8, 4, uneven=True),
    Design(8, 4, subject=0.2, sequence=0.2),
    Design(12, 4),
    Design(24, 1),
    Design(48, 7, frames=75),
)

#: Smaller ones, and what their intervals generalise to.
SMALL = (
    Design(6, 4),
    Design(5, 4),
    Design(4, 4),
    Design(3, 4),
    Design(2, 4),
    Design(1, 8, target="subject"),
    Design(1, 4, target="subject"),
    Design(1, 8),
    Design(1, 1, frames=750, target="sequence"),
    Design(1, 1, frames=250, target="sequence"),
    Design(1, 1, frames=100, target="sequence"),
    Design(1, 1, frames=75, target="sequence"),
    Design(1, 1, frames=100, memory=0.5, target="sequence"),
    Design(1, 1, frames=750),
)


def effects(rng: np.random.Generator, design: Design, count: int) -> np.ndarray:
    """Random effects with mean 0 and standard deviation 1, float [count]."""
    if design.skewed:
        return rng.exponential(size=count) - 1
    return rng.standard_normal(count)


def correlated(rng: np.random.Generator, memory: float, count: int) -> np.ndarray:
    """Stationary autoregressive noise with standard deviation 1, float [count]."""
    noise = rng.standard_normal(count)
    noise[1:] *= np.sqrt(1 - memory**2)
    return signal.lfilter([1.0], [1.0, -memory], noise)


def table(rng: np.random.Generator, design: Design) -> tuple[tuple[Series, ...], float]:
    """One simulated table: the paired differences, and the mean that the interval should hold."""
    a: dict[str, np.ndarray] = {}
    b: dict[str, np.ndarray] = {}
    facts: dict[str, dict[str, Any]] = {}
    truth = 0.0
    for subject, own in enumerate(design.subject * effects(rng, design, design.subjects)):
        count = design.sequences
        if design.uneven:
            count = int(rng.integers((count + 1) // 2, 3 * count // 2 + 1))
        for index, more in enumerate(design.sequence * effects(rng, design, count)):
            frames = design.frames
            if design.uneven:
                frames = int(rng.integers(frames // 2, 3 * frames // 2 + 1))
            name = f"{subject}/{index}"
            facts[name] = {"subject": f"subject {subject}"}
            # What makes a sequence hard is common to both rows; pairing removes it.
            a[name] = 30 + 5 * rng.standard_normal() + 3 * correlated(rng, design.memory, frames)
            change = own + more + design.frame * correlated(rng, design.memory, frames)
            b[name] = a[name] + change
            truth += {"sequence": own + more, "subject": own}.get(design.target, 0.0)
    return paired(a, b, facts).series, truth / (len(a) if design.target != "population" else 1)


def naive(series: tuple[Series, ...]) -> tuple[float, float]:
    """The interval of independent items."""
    values = np.concatenate([one.finite for one in series])
    half = 1.96 * values.std(ddof=1) / np.sqrt(len(values))
    return values.mean() - half, values.mean() + half


def percentile(series: tuple[Series, ...], resamples: int) -> tuple[float, float]:
    """The percentile interval of the same resampling of clusters."""
    subjects = grouped(series)
    groups = subjects if len(subjects) > 1 else [[one] for one in subjects[0]]
    parts = [[(one.finite, 1.0) for one in group] for group in groups]
    totals, sizes = draw_clusters(parts, FPS, resamples, np.random.default_rng(0))
    low, high = np.quantile(totals.sum(1) / sizes.sum(1), [0.025, 0.975])
    return float(low), float(high)


def coverage(design: Design, tables: int, resamples: int = 999, seed: int = 0) -> dict[str, Any]:
    """Shares of the tables whose intervals hold the truth, and the mean width of ours."""
    rng = np.random.default_rng(seed)
    held = {"ours": 0, "percentile": 0, "naive": 0}
    widths, scope = [], ""
    for index in range(tables):
        series, truth = table(rng, design)
        found = estimate(series, FPS, resamples=resamples, seed=index)
        intervals = {
            "ours": (found.low, found.high),
            "percentile": percentile(series, resamples),
            "naive": naive(series),
        }
        for name, (low, high) in intervals.items():
            held[name] += low <= truth <= high
        widths.append(found.high - found.low)
        scope = SCOPES[found.level]
    shares = {name: count / tables for name, count in held.items()}
    return {"design": design.name, **shares, "width": float(np.median(widths)), "scope": scope}


def lines(designs: tuple[Design, ...], tables: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """One printed line a design."""
    for design in designs:
        found = coverage(design, tables)
        shares = "".join(f"{100 * found[k]:11.1f}%" for k in ("ours", "percentile", "naive"))
        head = f"{found['design']:42}{design.target:12}"
        yield f"{head}{shares}{found['width']:8.2f}  {found['scope']}", found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=int, default=1000)
    tables = parser.parse_args(arguments).tables
    start, outside = time.perf_counter(), []
    print(f"Share of {tables:,} tables whose 95% interval holds the true mean difference")
    print(
        f"{'subjects x sequences x frames':42}{'mean of the':12}{'ours':>12}{'percentile':>12}"
        f"{'naive':>12}{'width':>8}  ours is"
    )
    for designs in (GUARANTEED, SMALL):
        for line, found in lines(designs, tables):
            print(line, flush=True)
            if designs is GUARANTEED and not BOUNDS[0] <= found["ours"] <= BOUNDS[1]:
                outside.append(found["design"])
        print()
    print(
        f"{time.perf_counter() - start:.0f} s; outside 93% to 97%: {', '.join(outside) or 'none'}"
    )
    return 1 if outside else 0


if __name__ == "__main__":
    sys.exit(main())
