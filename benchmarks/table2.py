"""The pattern of UA-3DTalk's Table 2: `python -m benchmarks.table2`.

Runs the grid `table2` and checks what the paper's table shows: P raises PSNR and lowers E-FID
against Baseline, E lowers E-FID, P+E+U is best on Sync-C and on E-FID. Prints every claim with
what was measured and exits 1 if one does not hold. Slow (minutes per sequence and seed on two
cores), so not part of CI. By default eight sequences of one subject, one per emotion: a test part
of `synthetic@1` has 30 frames, and the E-FID of fewer than some hundred frames is mostly bias.

`--check FOLDER` reads a finished ablation instead of running one.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import typer

from harness.ablation import formats as ablation_tables
from harness.ablation import table as ablation
from harness.ablation.table import Ablation, Line
from harness.contracts import EMOTIONS

#: One subject in all eight emotions.
SEQUENCES = ",".join(f"p0-{emotion}" for emotion in EMOTIONS)
FULL = "P+E+U"


@dataclass(frozen=True)
class Claim:
    """A claim of the pattern, and by how much it holds: above 0 if it does."""

    what: str
    margin: float
    note: str = ""

    @property
    def holds(self) -> bool:
        """Whether the values, without regard to their intervals, say so."""
        return self.margin > 0


def column(found: Ablation, family: str) -> str:
    """The shown column of a family.

    Raises:
        SystemExit: nothing of it could be scored.
    """
    for name in found.columns:
        if name == family or name.startswith(f"{family}/"):
            return name
    raise SystemExit(f"{found.id} has no {family}: it could not be scored")


def value(found: Ablation, row: str, name: str) -> float:
    """A score that must be there.

    Raises:
        SystemExit: it was not computed, with the reason.
    """
    score = line(found, row).cells[name].score
    if score is None or score.value is None:
        raise SystemExit(f"row {row} has no {name}: {score.reason if score else 'not run'}")
    return score.value


def line(found: Ablation, row: str) -> Line:
    """A row by its name."""
    return next(one for one in found.lines if one.name == row)


def moved(found: Ablation, row: str, family: str, sign: int) -> Claim:
    """The claim that a module moves a column the good way."""
    name = column(found, family)
    change = line(found, row).cells[name].change
    margin = sign * (value(found, row, name) - value(found, found.reference, name))
    verb = "raises" if sign > 0 else "lowers"
    text = ablation_tables.change_text(change)
    return Claim(f"{row} {verb} {name} against {found.reference}", margin, text)


def best(found: Ablation, family: str, sign: int) -> Claim:
    """The claim that the full method is the best of all rows in a column."""
    name = column(found, family)
    others = {
        one.name: sign * value(found, one.name, name) for one in found.lines if one.name != FULL
    }
    rival = max(others, key=lambda row: others[row])
    margin = sign * value(found, FULL, name) - others[rival]
    return Claim(f"{FULL} is best on {name}", margin, f"the best other is {rival}")


def claims(found: Ablation) -> list[Claim]:
    """The pattern of the paper's table."""
    return [
        moved(found, "P", "psnr", 1),
        moved(found, "P", "e_fid", -1),
        moved(found, "E", "e_fid", -1),
        best(found, "sync_c", 1),
        best(found, "e_fid", -1),
    ]


def run(options: argparse.Namespace) -> Path:
    """Compute what is missing of the grid; returns the folder of its tables."""
    from harness.cli.ablate import ablate

    names = None if options.sequences == "all" else options.sequences
    if names == SEQUENCES and options.split.partition("@")[0] != "synthetic":
        names = None
    try:
        ablate(
            method="ua3dtalk",
            grid="table2",
            split=options.split,
            sequences=names,
            seed=[int(seed) for seed in options.seeds.split(",")],
            preset="quick",
            device="auto",
            metrics=None,
            out=options.out,
            set_=options.set,
        )
    except typer.Exit as error:
        raise SystemExit(
            f"the grid did not finish: a cell failed (exit {error.exit_code})"
        ) from error
    from harness.engine.split_data import find_manifest

    return options.out / find_manifest(options.split).name / "ablations" / "table2"


def main() -> None:
    """Run or read the grid, then check the pattern."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.table2", description=__doc__)
    parser.add_argument("--split", default="synthetic@1")
    parser.add_argument("--sequences", default=SEQUENCES, help="comma-separated, or all")
    parser.add_argument("--seeds", default="0", help="comma-separated")
    parser.add_argument("--set", action="append", metavar="KEY=VALUE")
    parser.add_argument("--out", type=Path, default=Path("runs"))
    parser.add_argument("--check", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    found = ablation.read(options.check or run(options))
    if options.check:
        print(ablation_tables.table(found))
    failed = 0
    for claim in claims(found):
        failed += not claim.holds
        mark = "ok  " if claim.holds else "FAIL"
        print(f"{mark} {claim.what}: by {claim.margin:+.4f} ({claim.note})")
    print(f"{failed} claims do not hold" if failed else "all claims hold")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
