"""How often the 95% interval of a Fréchet distance holds what it claims.

Two rows render the same sequences. Features of true frames vary with the subject, with the
sequence and from frame to frame, where neighbours resemble each other; each row shrinks, shifts
and disturbs them in its own way. Truth is the mean over many tables of the same design: what as
many other subjects, or other sequences of the same subjects, would give on average. Beside it
is the distance of the whole population, which a single value misses by its own bias, and the
interval that takes sequences of several subjects for independent.

    python -m benchmarks.coverage_pooled                 1,000 tables a design
    python -m benchmarks.coverage_pooled --tables 200    quicker

Exit 1 if an interval of a design leaves 90% to 98%.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass

import numpy as np
from scipy import signal

from metrics.common.frechet import frechet_distance
from reports.statistics import Pooled, estimate_pooled, parts
from reports.statistics.clusters import SCOPES
from reports.statistics.pooled import MIN_SUBJECTS, SEQUENCES

BOUNDS = 0.90, 0.98

#: What each row does to the features: gain, shift and noise, in standard deviations.
ROWS = ((0.8, 0.1, 0.3), (0.7, 0.15, 0.4))

#: Different sets of subjects, where the truth is about these subjects alone.
CASTS = 10


@dataclass(frozen=True)
class PooledDesign:
    """Sizes of a table; standard deviations are 0.5 between subjects, 0.7 between sequences."""

    subjects: int
    sequences: int
    frames: int = 30
    dim: int = 24
    memory: float = 0.9  # correlation of neighbouring frames

    @property
    def name(self) -> str:
        return f"{self.subjects} x {self.sequences} x {self.frames} of {self.dim}"


DESIGNS = (
    PooledDesign(1, 5),
    PooledDesign(1, 8),
    PooledDesign(1, 8, dim=8),
    PooledDesign(1, 32),
    PooledDesign(3, 4),
    PooledDesign(4, 4),
    PooledDesign(4, 8),
    PooledDesign(8, 4),
    PooledDesign(8, 4, dim=8),
    PooledDesign(24, 1),
)

#: Subjects and sequences: side -> [T,D], first the truth, then the rows; and the subject of each.
Table = tuple[list[list[np.ndarray]], dict[str, str]]


def table(rng: np.random.Generator, cast: np.random.Generator, design: PooledDesign) -> Table:
    """One simulated table: features of truth and both rows, per sequence."""
    scale = 1 / np.sqrt(1 + np.arange(design.dim))  # as of principal components

    def effect(of: np.random.Generator, size: float) -> np.ndarray:
        return size * of.standard_normal(design.dim) * scale

    sides: list[list[np.ndarray]] = [[], [], []]
    subjects = {}
    for subject in range(design.subjects):
        own, habits = effect(cast, 0.5), [effect(cast, 0.15) for _ in ROWS]
        for index in range(design.sequences):
            noise = rng.standard_normal((3, design.frames, design.dim))
            noise[:, 1:] *= np.sqrt(1 - design.memory**2)
            noise = signal.lfilter([1.0], [1.0, -design.memory], noise, axis=1) * scale
            true = own + effect(rng, 0.7) + 0.7 * noise[0]
            sides[0].append(true)
            for row, (gain, shift, loud) in enumerate(ROWS):
                more = habits[row] + effect(rng, 0.15)
                sides[row + 1].append(gain * true + shift * scale + loud * noise[row + 1] + more)
            subjects[f"{subject}/{index}"] = f"P{subject}"
    return sides, subjects


def pooled(row: list[np.ndarray], truth: list[np.ndarray], groups: dict, level: str) -> Pooled:
    """The distance of a row, and without each group of sequences."""

    def distance(kept: list[int]) -> float:
        return frechet_distance(
            np.concatenate([row[k] for k in kept]), np.concatenate([truth[k] for k in kept])
        )

    every = range(len(row))
    without = {g: distance([k for k in every if k not in own]) for g, own in groups.items()}
    return Pooled(distance(list(every)), without, level)


def rows_of(made: Table, apart: bool = False) -> list[Pooled]:
    """Both rows; `apart` takes every sequence for a subject of its own."""
    sides, subjects = made
    places = {name: index for index, name in enumerate(subjects)}
    level, found = (SEQUENCES, {n: (n,) for n in subjects}) if apart else parts(subjects)
    groups = {g: {places[name] for name in own} for g, own in found.items()}
    return [pooled(row, sides[0], groups, level) for row in sides[1:]]


def population(design: PooledDesign) -> np.ndarray:
    """The distances of both rows over 4,000 subjects."""
    many = PooledDesign(4000, 1, 10, design.dim, design.memory)
    rng = np.random.default_rng(99)
    (truth, *rows), _ = table(rng, rng, many)
    return np.array([frechet_distance(np.concatenate(r), np.concatenate(truth)) for r in rows])


def coverage(design: PooledDesign, tables: int, seed: int = 0) -> dict[str, float | str]:
    """Shares of the tables whose intervals hold, and the width against the true difference."""
    many = design.subjects >= MIN_SUBJECTS
    several = many and design.sequences > 1
    whole = population(design) if many else np.zeros(2)
    held: dict[str, list[bool]] = {}
    widths, scope = [], ""
    for cast in range(1 if many else CASTS):
        rng = np.random.default_rng([seed, cast])
        found = []
        for _ in range(tables if many else tables // CASTS):
            made = table(rng, rng if many else np.random.default_rng([1, seed, cast]), design)
            found.append((rows_of(made), rows_of(made, apart=True) if several else None))
        a, b = np.mean([[row.value for row in rows] for rows, _ in found], axis=0)
        for (first, second), apart in found:
            value, difference = estimate_pooled(first), estimate_pooled(first - second)
            kinds = [("value", value, a), ("difference", difference, a - b)]
            if many:
                kinds += [
                    ("value of the population", value, whole[0]),
                    ("difference of the population", difference, whole[0] - whole[1]),
                ]
            if apart:
                kinds.append(("sequences alone", estimate_pooled(apart[0] - apart[1]), a - b))
            for kind, one, target in kinds:
                held.setdefault(kind, []).append(bool(one.low <= target <= one.high))
            widths.append((difference.high - difference.low) / abs(a - b))
            scope = SCOPES[difference.level]
    shares = {kind: float(np.mean(each)) for kind, each in held.items()}
    return {**shares, "width": float(np.median(widths)), "scope": scope}


KINDS = (
    *("value", "difference"),
    *("value of the population", "difference of the population", "sequences alone"),
)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=int, default=1000)
    tables = parser.parse_args(arguments).tables
    start, outside = time.perf_counter(), []
    print(f"Share of {tables:,} tables whose 95% interval holds, of a Fréchet distance")
    print("| subjects x sequences x frames of dimensions | " + " | ".join(KINDS) + " | width |")
    print("|---|" + "--:|" * (len(KINDS) + 1))
    for design in DESIGNS:
        found = coverage(design, tables)
        shares = [f"{100 * found[k]:.1f}%" if k in found else "" for k in KINDS]
        print(f"| {design.name} | {' | '.join(shares)} | {found['width']:.2f} |", flush=True)
        low, high = BOUNDS
        if not all(low <= found[kind] <= high for kind in ("value", "difference")):
            outside.append(design.name)
    print(
        f"{time.perf_counter() - start:.0f} s; outside the bounds: {'; '.join(outside) or 'none'}"
    )
    return 1 if outside else 0


if __name__ == "__main__":
    sys.exit(main())
