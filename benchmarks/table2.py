"""UA-3DTalk's Table 2, what belongs to it, and its pattern: `python -m benchmarks.table2`.

Runs the grids `table2` (the paper's five rows), `table2-audio` (the same models without the test's
true action units), `au`, `content`, `fusion` and `ensemble` on `synthetic-emotions@1`: four
subjects in eight emotions each, fitted once per subject, tested on whole sequences that no
training saw; three seeds. Cells are shared: a fit that two grids need is made once. Then checks
what the paper's table shows, with and without true action units: P raises PSNR and lowers E-FID
against Baseline, E lowers E-FID, P+E+U is best on Sync-C and on E-FID. Prints every claim with what
was measured, and exits 1 if one does not hold. Slow (docs/table2.md), so not part of CI.

`--steps 1500,1500,750` shortens the preset `quick` by its own rule; `--subject 0,1` does a part of
the subjects, so that several processes can share the work before a last call makes the tables.
`--check FOLDER` reads a finished ablation instead of running any.
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
from harness.contracts import BadInput

GRIDS = ("table2", "table2-audio", "au", "content", "fusion", "ensemble")
#: Grids whose rows are those of the paper's table.
CLAIMED = ("table2", "table2-audio")
SPLIT = "synthetic-emotions@1"
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
    if family in found.columns:
        return family
    for name in found.columns:
        if name.startswith(f"{family}/"):
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


def overrides(steps: str | None) -> list[str]:
    """What shortens `quick` to some steps of face, mouth and fuse, as `--set` takes it.

    Raises:
        SystemExit: not three whole numbers.

    """
    if steps is None:
        return []
    from methods.ua3dtalk.spec import QUICK, SIZES, shortened

    counts = steps.split(",")
    if len(counts) != 3 or not all(count.isdecimal() and int(count) for count in counts):
        raise SystemExit(f"--steps takes three whole numbers, not {steps!r}")
    names = ("face_iterations", "mouth_iterations", "fuse_iterations")
    shorter = shortened({**SIZES, **dict(zip(names, map(int, counts), strict=True))})
    return [f"{name}={value}" for name, value in shorter.items() if QUICK[name] != value]


def run(options: argparse.Namespace, grid: str) -> Path:
    """Compute what is missing of a grid; returns the folder of its tables."""
    from harness.cli.ablate import ablate
    from harness.engine.split_data import find_manifest

    manifest = find_manifest(options.split)
    names = None
    if options.subject:
        wanted = set(options.subject.split(","))
        numbers = {entry.id: entry.subject.rpartition("-")[2] for entry in manifest.sequences}
        if unknown := sorted(wanted - set(numbers.values())):
            raise SystemExit(f"{manifest.name} has no subject {', '.join(unknown)}")
        chosen = [name for name, number in numbers.items() if number in wanted]
        names = ",".join(chosen)
    try:
        ablate(
            method="ua3dtalk",
            grid=grid,
            split=options.split,
            sequences=names,
            seed=[int(seed) for seed in options.seeds.split(",")],
            preset="quick",
            device="auto",
            metrics=None,
            out=options.out,
            set_=[*overrides(options.steps), *(options.set or [])],
        )
    except typer.Exit as error:
        raise SystemExit(
            f"the grid did not finish: a cell failed (exit {error.exit_code})"
        ) from error
    return options.out / manifest.name / "ablations" / grid


def main() -> None:
    """Run or read the grids, then check the pattern."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.table2", description=__doc__)
    parser.add_argument("--split", default=SPLIT)
    parser.add_argument("--grids", default=",".join(GRIDS), help="comma-separated")
    parser.add_argument("--subject", help="numbers, comma-separated; all by default")
    parser.add_argument("--seeds", default="0,1,2", help="comma-separated")
    parser.add_argument("--steps", metavar="FACE,MOUTH,FUSE", help="shorter fits")
    parser.add_argument("--set", action="append", metavar="KEY=VALUE")
    parser.add_argument("--out", type=Path, default=Path("runs"))
    parser.add_argument("--check", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    try:
        folders = [options.check] if options.check else []
        folders = folders or [run(options, grid) for grid in options.grids.split(",")]
        tables = [ablation.read(folder) for folder in folders]
    except BadInput as error:
        raise SystemExit(str(error)) from error
    failed = checked = 0
    for found in tables:
        if options.check:
            print(ablation_tables.table(found))
        if found.id not in CLAIMED:
            continue
        print(f"{found.id}: {found.title}")
        for claim in claims(found):
            failed, checked = failed + (not claim.holds), checked + 1
            mark = "ok  " if claim.holds else "FAIL"
            print(f"{mark} {claim.what}: by {claim.margin:+.4f} ({claim.note})")
    print(f"{checked - failed} of {checked} claims hold" if checked else "no claims to check")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
