"""What `prepare` makes of good and bad videos: outcome, fidelity and offset of each.

Real videos as they are; ten kinds of a rendered and of a filmed person (much hair, beard, glasses,
moving background, cut, late sound, two people, 30 frames a second, 10 bits, rotated); and faces
that are no person who speaks to the camera. Each goes through the command, and what it says is
compared with what is right.

    python benchmarks/prepare_table.py ../shared/assets --out prepared
    python benchmarks/prepare_table.py ../shared/assets --only glasses,late

Prints a Markdown table; `--out` keeps videos and prepared folders with their contact sheets. Exit 1
if an outcome is wrong. About ten minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import prepare_people as wear
from benchmarks.prepare_videos import COUNT, Case, others, ten

#: Parts of sentences that are said of every short video, and of none as a warning.
_SHORT = "methods usually train on a few minutes"

#: Seconds within which an offset must be found.
_NEAR = 0.06


@dataclass(frozen=True)
class Found:
    """What the command did."""

    outcome: str
    sentence: str
    record: dict[str, Any]
    seconds: float

    def is_right(self, case: Case) -> bool:
        """Whether that is what the case asks for."""
        quality = self.record.get("composite_psnr", {}).get("mean", 0.0)
        late = self.record.get("audio_offset", {}).get("seconds", 0.0)
        return (
            self.outcome == case.outcome
            and case.words in self.sentence
            and quality >= case.least
            and (case.offset is None or abs(late - case.offset) < _NEAR)
        )


def run(case: Case, out: Path, weights: Path) -> Found:
    """The command on one video."""
    command = [sys.executable, "-m", "harness", "prepare", str(case.path), "--out", str(out)]
    environment = {**os.environ, "HARNESS_WEIGHTS": str(weights)}
    started = time.perf_counter()
    done = subprocess.run(
        [*command, *case.options], capture_output=True, text=True, env=environment, check=False
    )
    seconds = time.perf_counter() - started
    lines = done.stderr.splitlines()
    if done.returncode:
        said = " ".join(lines[-4:]).partition("error: ")[2] or done.stderr[-400:]
        outcome = "refused" if done.returncode == 2 else f"exit code {done.returncode}"
        return Found(outcome, said, {}, seconds)
    notes = [line[6:] for line in lines if line.startswith("note: ") and _SHORT not in line]
    record = json.loads((out / "prepare.json").read_text("utf-8"))
    return Found("warned" if notes else "prepared", " ".join(notes), record, seconds)


def row(case: Case, found: Found) -> str:
    """A line of the table."""
    quality, offset = found.record.get("composite_psnr"), found.record.get("audio_offset")
    decibels = f"{quality['mean']:.1f} / {quality['min']:.1f}" if quality else ""
    late = ""
    if offset:
        late = f"{1000 * offset['seconds']:+.0f}" if offset["clear"] else "none clear"
    said = found.sentence
    for path in (case.path, case.path.parent):
        said = said.replace(f"{path}: ", "").replace(str(path), path.name)
    said = " ".join(said.replace("|", "/").split())
    cells = [
        case.name,
        "right" if found.is_right(case) else "**wrong**",
        found.outcome,
        str(found.record.get("frames", "")),
        decibels,
        late,
        f"{found.seconds:.0f}",
        said,
    ]
    return f"| {' | '.join(cells)} |"


def cases(assets: Path, folder: Path) -> Iterator[Case]:
    """All videos, made as they are asked for."""
    video, weights = assets / "video", assets / "weights"
    yield Case("obama_20s", video / "obama_20s.mp4", (), "warned", "ms late", offset=0.2)
    yield Case("obama_20s_synced", video / "obama_20s_synced.mp4")
    for clip in sorted((video / "grid").glob("*.mpg")):
        yield Case(f"GRID {clip.stem}", clip)
    rendered = {
        "hair": wear.rendered(4, COUNT),
        "plain": wear.rendered(1, COUNT),
        "another": wear.rendered(2, COUNT),
        "30": wear.rendered(5, COUNT, fps=30.0),
    }
    talk = wear.filmed(video / "obama_20s_synced.mp4", weights, COUNT)
    filmed = {
        "hair": wear.filmed(video / "grid" / "lwbsza.mpg", weights),
        "plain": talk,
        "another": wear.filmed(video / "grid" / "pwij3p.mpg", weights),
        "30": wear.faster(talk, 30.0),
    }
    filmed["another"] = wear.sized(filmed["another"], talk)
    yield from ten(folder, "rendered", rendered)
    yield from ten(folder, "filmed", filmed)
    yield from others(folder, rendered, filmed)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("assets", type=Path)
    parser.add_argument("--out", type=Path, help="Folder to keep; must not exist.")
    parser.add_argument("--only", default="", help="Parts of names, with commas between.")
    options = parser.parse_args()
    wanted = [part for part in options.only.split(",") if part]
    wrong = 0
    with tempfile.TemporaryDirectory() as scratch:
        place = options.out or Path(scratch) / "out"
        place.mkdir(parents=True)
        print(
            "| video | | outcome | frames | composite dB, mean / min | sound late, ms | s | said |"
        )
        print("|---|---|---|---|---|---|---|---|", flush=True)
        for case in cases(options.assets, place):
            if wanted and not any(part in case.name for part in wanted):
                continue
            folder = "".join(c if c.isalnum() else "_" for c in case.name)
            found = run(case, place / folder, options.assets / "weights")
            wrong += not found.is_right(case)
            print(row(case, found), flush=True)
    print(f"\n{wrong} wrong")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
