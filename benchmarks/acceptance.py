"""Bounds that a finished default run must meet: `python -m benchmarks.acceptance RUN_FOLDER`.

Prints every bound with its measured value, and exits 1 if one does not hold. `--slack 0.15`
relaxes each bound by 15%, for machines whose last bits differ from those the bounds were
measured on. Then prints the goals of the mouth and the eyes (driving signal audio+au), reached or
not; `docs/ua3dtalk.md` says what limits those that are not.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from harness.contracts import Results, Row
from reports import stored


@dataclass(frozen=True)
class Bound:
    """A ratio or difference, and its lower bound."""

    what: str
    measured: float
    least: float

    def holds(self, slack: float) -> bool:
        """Whether the measured value reaches the bound, relaxed by `slack`."""
        return self.measured >= self.least - abs(self.least) * slack


def row(results: Results, method: str, drive: str) -> Row:
    """The row of a method under a drive."""
    return next(r for r in results.rows if r.method == method and r.drive == drive)


def value(of: Row, column: str) -> float:
    """A score that must exist.

    Raises:
        SystemExit: it was not computed, with the reason.
    """
    score = of.scores.get(column)
    if score is None or score.value is None:
        raise SystemExit(f"{of.method} [{of.drive}] has no {column}: {score and score.reason}")
    return score.value


def bounds(results: Results) -> list[Bound]:
    """The bounds of the embedded default."""
    ours = row(results, "ua3dtalk", "audio+au")
    heard = row(results, "ua3dtalk", "audio")
    shuffled = row(results, "ua3dtalk", "shuffled-audio")
    truth = row(results, "ground-truth", "audio")
    still = row(results, "still", "audio")
    nearest = row(results, "nearest-audio", "audio")
    better = max(value(still, "psnr"), value(nearest, "psnr"))
    lmd, e_fid, sync = "lmd/synthetic", "e_fid/synthetic", "sync_c/synthetic"
    found = [
        Bound("PSNR above the better baseline, dB", value(ours, "psnr") - better, 3.0),
        Bound("LMD below still, share", 1 - value(ours, lmd) / value(still, lmd), 0.40),
        Bound("E-FID below still, share", 1 - value(ours, e_fid) / value(still, e_fid), 0.50),
        Bound("Sync-C of ground truth's, share", value(ours, sync) / value(truth, sync), 0.60),
        Bound(
            "Sync-C lost when the sound is shuffled, share",
            1 - value(shuffled, sync) / value(heard, sync),
            0.50,
        ),
    ]
    for name, column in results.columns.items():
        if column["direction"] == "none" or truth.scores.get(name) is None:
            continue
        sign = 1 if column["direction"] == "up" else -1
        others = [
            sign * r.scores[name].value
            for r in results.rows
            if r.role != "oracle" and name in r.scores and r.scores[name].value is not None
        ]
        if not others:  # blinks' length, say, of rows that never blink
            continue
        lead = sign * value(truth, name) - max(others)
        found.append(Bound(f"ground truth's lead in {name}", lead, 0.0))
    return found


@dataclass(frozen=True)
class Goal:
    """A score, and the value that it should reach; `sign` is 1 where more is better, else -1."""

    column: str
    measured: float
    wanted: float
    sign: int

    @property
    def reached(self) -> bool:
        """Whether the measured value is as good as wanted."""
        return self.sign * self.measured >= self.sign * self.wanted


def goals(results: Results) -> list[Goal]:
    """The goals of the embedded default, as a person would look at a face: mouth and eyes."""
    ours = row(results, "ua3dtalk", "audio+au")
    spoken = value(row(results, "ground-truth", "audio"), "sync_c/synthetic")
    return [
        Goal(column, value(ours, column), wanted, sign)
        for column, wanted, sign in (
            ("psnr/mouth", 20.0, 1),
            ("ssim/mouth", 0.70, 1),
            ("psnr/head", 31.0, 1),
            ("lmd/synthetic", 0.40, -1),
            ("sync_c/synthetic", 0.85 * spoken, 1),
            ("e_fid/synthetic", 0.15, -1),
            ("blink_rate_error/synthetic", 0.0, -1),
        )
    ]


def main() -> None:
    """Check one run folder."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.acceptance", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("runs/synthetic-mini@1"))
    parser.add_argument("--slack", type=float, default=0.0)
    options = parser.parse_args()
    failed, results = 0, stored.read(options.folder)
    for bound in bounds(results):
        holds = bound.holds(options.slack)
        failed += not holds
        mark = "ok  " if holds else "FAIL"
        print(f"{mark} {bound.what}: {bound.measured:.3f} (at least {bound.least:g})")
    print(f"{failed} bounds do not hold" if failed else "all bounds hold")
    for goal in goals(results):
        mark, side = "reached" if goal.reached else "missed ", "least" if goal.sign > 0 else "most"
        print(f"{mark} {goal.column}: {goal.measured:.3f} (goal: at {side} {goal.wanted:.3g})")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
