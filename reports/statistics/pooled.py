"""Metrics that are not means of items: a Fréchet distance, a pooled PSNR, a correlation.

No item has a part in such a value, so items cannot be resampled. It is computed again without
each subject, or without each sequence, and the spread of those values shows how much it depends
on the data (delete-one jackknife: Quenouille 1956, Tukey 1958, Efron and Stein 1981).
With too few of both, but several trainings, the spread between trainings is used.

The interval is about the value that as many other subjects or sequences would give. The bias
that the number of samples puts on the value itself is not in it: see `docs/statistics.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from reports.statistics.bootstrap import Estimate, invert

#: From this many subjects a subject is left out at a time, else a sequence from this many;
#: below, nothing is left out. `benchmarks/coverage_pooled.py` has the coverage.
MIN_SUBJECTS, MIN_SEQUENCES = 4, 5

#: More parts than this are joined: each costs a pooling of the rest (some six seconds for a FID
#: of 4,000 frames), and further degrees of freedom narrow the interval by 7% at most.
MOST_PARTS = 20

#: From this many trainings with other seeds on, their spread is used.
MIN_SEEDS = 3

SUBJECTS, SEQUENCES, SEEDS = "left-out subjects", "left-out sequences", "seeds"

#: Fewer parts of a level make no interval.
LEAST = {SUBJECTS: MIN_SUBJECTS, SEQUENCES: MIN_SEQUENCES}

#: The levels of `Estimate` for values that are not means of items.
LEVELS = (SUBJECTS, SEQUENCES, SEEDS)

#: A spread below this part of the value is rounding.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Pooled:
    """A value, or a difference of two, with its values without parts of the data.

    without: part (subjects or sequences) -> the value of the rest, seeds averaged.
    level: what the parts are: `SUBJECTS` or `SEQUENCES`; empty without parts.
    by_seed: seed -> value of that training.
    n, failed: items that it was pooled from, and those that could not be.
    """

    value: float
    without: Mapping[str, float] = field(default_factory=dict)
    level: str = ""
    by_seed: Mapping[str, float] = field(default_factory=dict)
    n: int = 0
    failed: int = 0

    def __sub__(self, other: Pooled) -> Pooled:
        """The paired difference: the same part is left out of both, the same seed trained both.

        Without the same parts, or the same seeds, on both sides there is nothing to pair, and
        none are kept: the values are of all seeds, and those that both have are not all.
        """
        seeds = self.by_seed.keys() == other.by_seed.keys()
        alike = self.level == other.level and self.without.keys() == other.without.keys()
        return Pooled(
            self.value - other.value,
            {k: v - other.without[k] for k, v in self.without.items()} if alike else {},
            self.level if alike else "",
            {k: v - other.by_seed[k] for k, v in self.by_seed.items()} if seeds else {},
            min(self.n, other.n),
            self.failed + other.failed,
        )


def parts(sequences: Mapping[str, str]) -> tuple[str, dict[str, tuple[str, ...]]]:
    """What is left out at a time.

    Subjects, where there are enough: sequences of one subject resemble each other, and left out
    one by one they show too little of the spread. Else sequences, and then less is claimed.

    Args:
        sequences: sequence -> its subject; the empty string where unknown, which is one subject.

    Returns:
        (level, part -> its sequences); ("", {}) where there are too few of both. More parts than
        `MOST_PARTS` are joined in turn.

    """
    subjects: dict[str, tuple[str, ...]] = {}
    for sequence, subject in sequences.items():
        subjects[subject] = (*subjects.get(subject, ()), sequence)
    if len(subjects) >= MIN_SUBJECTS:
        level, found = SUBJECTS, {name or "unknown": own for name, own in subjects.items()}
    elif len(sequences) >= MIN_SEQUENCES:
        level, found = SEQUENCES, {name: (name,) for name in sequences}
    else:
        return "", {}
    names = list(found)
    joined = [names[start::MOST_PARTS] for start in range(min(len(names), MOST_PARTS))]
    return level, {
        " + ".join(group): tuple(r for name in group for r in found[name]) for group in joined
    }


def estimate_pooled(pooled: Pooled, sequences: Mapping[str, str] | None = None) -> Estimate:
    """Interval and p-value of a pooled value or a difference.

    `sequences` are those with their subjects, for the counts.

    Returns:
        An estimate of level `SUBJECTS` or `SEQUENCES` by the jackknife, `SEEDS` by the spread
        between trainings, else "none" and without an interval. A spread of exactly nothing
        is no evidence either, except for a value of 0.

    """
    facts = sequences or {}
    counts = (pooled.n, pooled.failed, len(facts), len(set(facts.values())))
    values = np.array(list(pooled.without.values()), np.float64)
    seeds = np.array(list(pooled.by_seed.values()), np.float64)
    if len(values) >= LEAST.get(pooled.level, np.inf):
        level, clusters, error = pooled.level, len(values), jackknife_error(values)
    elif len(seeds) >= MIN_SEEDS:
        level, clusters = SEEDS, len(seeds)
        error = float(seeds.std(ddof=1) / np.sqrt(len(seeds)))
    else:
        level, clusters, error = "none", 0, float("nan")
    scale = np.abs([pooled.value, *values, *seeds]).max()
    if error <= ROUNDING * scale:
        error = 0.0
    if level == "none" or (error == 0 and pooled.value != 0):
        return Estimate(pooled.value, *counts, "none")
    low, high, p = invert(pooled.value, error, None, clusters)
    return Estimate(pooled.value, *counts, level, clusters, low, high, p, error)


def jackknife_error(without: np.ndarray) -> float:
    """Standard error from values without one part each, float [k].

    The standard error of the mean of the pseudo-values k v - (k - 1) v_i; of a mean it is the
    classical one.
    """
    k = len(without)
    return float(np.sqrt((k - 1) / k * np.square(without - without.mean()).sum()))
