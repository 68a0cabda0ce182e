"""Baselines: means and spreads of columns over stored runs of several seeds.

A column's tolerance is Student's t times the standard error of the difference of two means, the
baseline's over its n seeds and the checked run's over its k: `t * spread * sqrt(1/k + 1/n)`,
at least a floor. The spread is the standard deviation between seeds, so t has n - 1 degrees of
freedom; its quantile shares the rate of false alarms among all columns that vary (Bonferroni).
An equally good commit therefore fails with probability `FALSE_ALARMS`, as far as columns are
normal between seeds. They are not quite: at a nominal 1% 8 of 500 good runs failed, at 0.2%
none, and of planted losses of 0.5 dB none was missed (`benchmarks/gate_quality.py`).

Few seeds make a blunt gate. With fifty columns a run of one seed may lose 18 spreads against
five seeds, and seven against ten; a run of five seeds may lose three against fifteen.

Another processor rounds differently, which changes a training with the same seed. It moves a
value no further than another seed does, which changes the initial values too: the spread between
seeds covers machines that differ in rounding alone.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from harness.contracts import BadInput, Results, Row
from harness.files.documents import read_object

#: 2 took Student's quantiles in place of fixed multiples.
FORMAT = 2
#: Fewer make quantiles that let everything pass: with three seeds 50 spreads.
LEAST_SEEDS = 5
#: Of a commit that is as good as the baseline's: probability that any column fails.
FALSE_ALARMS = 0.002
#: Least tolerance: share of a value's distance from the best one can have, decibels, and units.
#: It alone decides on columns that do not vary at all, those of the baselines.
FLOOR_SHARE, FLOOR_DB, FLOOR = 0.01, 0.05, 1e-4
#: Metrics that are not checked, and why.
TIMING = "wall time of one machine; throughput is guarded by ratios"
LEFT_OUT = {"blink": "counts of one or two events, which a single frame changes"}
CONTROL = "shuffled-audio"


def judged(row: Row) -> bool:
    """Controls are left out: a method driven by the wrong audio should be worse."""
    return not (row.role == "method" and row.drive == CONTROL)


def value_of(row: Row, column: str) -> float | None:
    """A finite score, or None."""
    score = row.scores.get(column)
    value = None if score is None else score.value
    return value if value is not None and math.isfinite(value) else None


def row_key(row: Row) -> str:
    """How a row is named in a baseline and in its tables."""
    return f"{row.method} [{row.drive}]"


def protocol_of(row: Row) -> dict[str, Any]:
    """What must be equal for values to be comparable."""
    facts = {"split": row.split, "preset": row.preset, "sequences": sorted(row.sequences)}
    options = {"options": dict(row.options)} if row.options else {}
    return facts | options | dict(row.protocol)


def left_out(facts: Mapping[str, Any]) -> bool:
    """Whether a column is not checked."""
    return bool(facts.get("needs_timing")) or facts["metric"].partition("/")[0] in LEFT_OUT


def floor(mean: float, column: Mapping[str, Any]) -> float:
    """The least tolerance of a column."""
    if column["unit"] == "dB":
        return FLOOR_DB
    top = column["range"][1] if column["direction"] == "up" else 0.0
    away = abs(mean) if top is None else abs(top - mean)
    return max(FLOOR_SHARE * away, FLOOR)


def make(runs: Sequence[tuple[str, Results]], provenance: Mapping[str, Any]) -> dict[str, Any]:
    """A baseline from runs that differ in their seed alone.

    Args:
        runs: a name for messages and the results, `LEAST_SEEDS` at least.
        provenance: stored as it is.

    Raises:
        BadInput: too few runs, a run of several seeds, equal seeds, failed cells, or other
            protocols or metric code among the runs.

    """
    if len(runs) < LEAST_SEEDS:
        fact = f"it needs runs of {LEAST_SEEDS} seeds to know their spread, not {len(runs)}"
        cure = "Name as many run folders, better ten, each of another --seed."
        raise BadInput("--refresh", fact, cure)
    seeds = [_seed(name, results) for name, results in runs]
    if len(set(seeds)) < len(seeds):
        raise BadInput("--refresh", f"the seeds are {seeds}", "Name runs of different seeds.")
    name, first = runs[0]
    for other, results in runs[1:]:
        _same(name, first, other, results)
    rows = [row for row in first.rows if judged(row)]
    columns = {
        name: facts
        for name, facts in first.columns.items()
        if facts["direction"] != "none" and not left_out(facts)
    }
    found: dict[str, dict[str, list[float]]] = {row_key(row): {} for row in rows}
    unsteady = []
    for key, kept in found.items():
        alike = [next(row for row in run.rows if row_key(row) == key) for _, run in runs]
        for column in columns:
            values = [value for each in alike if (value := value_of(each, column)) is not None]
            if len(values) == len(runs):
                kept[column] = values
            elif values:
                unsteady.append(f"{key} {column}")
    varying = sum(stdev(values) > 0 for kept in found.values() for values in kept.values())
    multiple = quantile(len(runs), varying)
    return {
        "format": FORMAT,
        "rule": {
            "false_alarms": FALSE_ALARMS,
            "multiple": multiple,
            "floor_share": FLOOR_SHARE,
            "floor_db": FLOOR_DB,
            "floor": FLOOR,
            "tolerance": "multiple * spread * sqrt(1/seeds + 1/n), floor at least",
        },
        "rows": {
            row_key(row): {
                "protocol": protocol_of(row),
                "columns": {
                    column: {
                        "mean": fmean(values),
                        "spread": stdev(values),
                        "n": len(runs),
                        "multiple": multiple,
                    }
                    for column, values in found[row_key(row)].items()
                },
            }
            for row in rows
        },
        "code": {column: facts.get("code", "") for column, facts in columns.items()},
        "left_out": LEFT_OUT | {"speed": TIMING},
        "unsteady": unsteady,  # scored in some of the runs alone, so not checked
        "provenance": dict(provenance) | {"seeds": seeds},
    }


def quantile(seeds: int, columns: int) -> float:
    """Student's t that one of `columns` exceeds by chance with probability `FALSE_ALARMS`."""
    from scipy import stats

    return float(stats.t.isf(FALSE_ALARMS / max(columns, 1), seeds - 1))


def tolerance(entry: Mapping[str, float], column: Mapping[str, Any], seeds: int = 1) -> float:
    """How far the mean of `seeds` seeds may lie on the wrong side of a baseline's mean."""
    widened = math.sqrt(1 / seeds + 1 / entry["n"])
    return max(entry["multiple"] * entry["spread"] * widened, floor(entry["mean"], column))


def _seed(name: str, results: Results) -> int:
    seeds = {seed for row in results.rows for seed in row.seeds}
    if len(seeds) != 1:
        fact = f"it pools the seeds {sorted(seeds)}, so their spread is unknown"
        raise BadInput(name, fact, "Run every seed into a folder of its own (--seed, --out).")
    if results.failures:
        fact = f"{len(results.failures)} of its cells failed"
        raise BadInput(name, fact, "Fix the cause and run again.")
    return seeds.pop()


def _same(name: str, first: Results, other: str, results: Results) -> None:
    """Refuse runs that differ in more than the seed."""
    ours = {row_key(row): protocol_of(row) for row in first.rows}
    theirs = {row_key(row): protocol_of(row) for row in results.rows}
    if ours != theirs:
        parts = [key for key in {**ours, **theirs} if ours.get(key) != theirs.get(key)]
        fact = f"its rows or their protocols differ from {name}'s: {', '.join(parts)}"
        raise BadInput(other, fact, "Name runs of one protocol.")
    codes = [
        column
        for column, facts in first.columns.items()
        if facts.get("code") != results.columns.get(column, {}).get("code")
    ]
    if codes:
        fact = f"it was scored by different metric code than {name}: {', '.join(codes)}"
        raise BadInput(other, fact, "Run again: fits are reused, and scores are recomputed.")


def read(path: Path) -> dict[str, Any]:
    """A stored baseline.

    Raises:
        BadInput: no such file, not a baseline, or one of another format.

    """
    cure = "Make one: `python -m harness check --refresh --baseline FILE RUN...`."
    data = read_object(path, cure)
    try:
        if data["format"] != FORMAT:
            raise ValueError(f"its format is {data['format']}, and this code reads {FORMAT}")
        for key, row in data["rows"].items():
            if not isinstance(row["protocol"], dict):
                raise TypeError(f"{key} has no protocol")
            for column, entry in row["columns"].items():
                numbers = [_number(entry[name]) for name in ("mean", "spread", "n", "multiple")]
                if min(numbers[1:]) < 0 or numbers[2] < 2:
                    raise ValueError(f"{key} {column} has a negative spread, or too few seeds")
        if not all(isinstance(code, str) for code in data["code"].values()):
            raise TypeError("a metric's code is not a digest")
        speed = data.get("throughput")
        if speed and min(_number(one["ratio"]) for one in speed["ratios"].values()) <= 0:
            raise ValueError("a ratio of its throughput is not above 0")
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError) as error:
        fact = f"it cannot be read as a baseline ({type(error).__name__}: {error})"
        raise BadInput(path, fact, cure) from error
    return data


def _number(value: object) -> float:
    """A finite number: nothing is worse than NaN, and everything is within infinity."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a finite number")
    return float(value)


def text(baseline: Mapping[str, Any]) -> str:
    """The file's text: sorted, so that a refresh shows as a small difference."""
    return json.dumps(baseline, indent=1, sort_keys=True, allow_nan=False) + "\n"
