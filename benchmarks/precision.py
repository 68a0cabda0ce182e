"""Differences of our values from the reference packages', step by step, for docs/measured.json.

    .venv-reference/bin/python -m benchmarks.precision

Runs in the environment of requirements-reference.txt, prints a line per step and stores the
largest absolute difference of each. Inputs come from fixed seeds, networks from seeded random
weights: equal maps under random weights are equal maps under trained ones, whose files are not
needed. A line of a metric that is not installed is left out.
"""

from __future__ import annotations

import argparse
import contextlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import measured

#: Modules of probes, `parity_NAME`; importing one fills `PROBES`.
MODULES = ("pixels", "networks", "statistics")


@dataclass(frozen=True)
class Probe:
    """One stage of some metrics beside one reference."""

    metrics: tuple[str, ...]
    stage: str  # "decode", "resize", "network", "statistic", "whole"
    reference: str
    input: str
    unit: str
    measure: Callable[[], float]
    column: str = ""  # the only column it is about, where it is about one


PROBES: list[Probe] = []


def probe(
    *metrics: str, stage: str, reference: str, on: str, unit: str = "", column: str = ""
) -> Callable[[Callable[[], float]], Callable[[], float]]:
    """Register a function that returns a largest absolute difference.

    Args:
        metrics: ids that this stage decides; "*" at the end stands for any ending.
        stage: which step of them.
        reference: whose value ours is compared with.
        on: the input in words.
        unit: of the difference.
        column: the only column that it is about.

    """

    def register(measure: Callable[[], float]) -> Callable[[], float]:
        PROBES.append(Probe(metrics, stage, reference, on, unit, measure, column))
        return measure

    return register


def ids(patterns: tuple[str, ...]) -> list[str]:
    """The installed video and mesh metrics that patterns name."""
    from metrics import catalog

    known = {name: spec for name, spec in sorted(catalog.specs().items()) if name != "fps"}
    found = []
    for pattern in patterns:
        stem = pattern.removesuffix("*")
        found += [
            name
            for name, spec in known.items()
            if name == pattern
            or (stem != pattern and name.startswith(stem) and (stem or spec.track == "video"))
        ]
    return found


def has(metric_id: str, column: str) -> bool:
    """Whether a metric has a column of that name."""
    from metrics import catalog

    return any(column == c.name for c in catalog.spec(metric_id).columns)


def parity(chosen: list[Probe]) -> Iterator[dict[str, Any]]:
    """Measure probes in their order."""
    import torch

    for one in chosen:
        names = [name for name in ids(one.metrics) if not one.column or has(name, one.column)]
        if not names:
            continue
        # The packages print as they go, and no probe needs gradients.
        with contextlib.redirect_stdout(io.StringIO()), torch.inference_mode():
            difference = float(one.measure())
        print(f"{one.stage:10s} {one.reference:58s} {difference:.1e} {one.unit}", flush=True)
        yield {
            "metrics": names,
            "stage": one.stage,
            "reference": one.reference,
            "difference": measured.rounded(difference, 2),
            "unit": one.unit,
            "input": one.input,
        }


def load_probes() -> list[Probe]:
    """All probes. Declares torchvision's operators first: most packages import it."""
    import importlib

    from shim import declare_torchvision_operators

    declare_torchvision_operators()
    if not PROBES:
        for name in MODULES:
            importlib.import_module(f"benchmarks.parity_{name}")
    return PROBES


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.precision", description=__doc__)
    parser.add_argument("--out", type=Path, default=measured.PATH)
    options = parser.parse_args()
    # One module under two names would register into a list of its own.
    from benchmarks import precision

    lines = list(parity(precision.load_probes()))
    measured.merge({"parity": lines}, options.out)


if __name__ == "__main__":
    main()
