"""`python -m metrics.training`: train the synthetic-domain networks and register them."""

from __future__ import annotations

import argparse
import importlib
import re
import sys
import time
from pathlib import Path

from harness.weights import ROOT, sha256_of
from metrics.training import NAMES, train

RECORDINGS = "splits.synthetic.corpus:training_sequences"


def register(name: str, path: Path, registry: Path) -> None:
    """Write size and sha256 of a trained file into its row of `weights.toml`."""
    text = registry.read_text("utf-8")
    head, mark, rest = text.partition(f"[{name}]\n")
    if not mark:
        raise SystemExit(f"{registry}: there is no row [{name}]")
    row, gap, after = rest.partition("\n[")
    row = re.sub(r"(?m)^bytes = .*$", f"bytes = {path.stat().st_size}", row)
    row = re.sub(r"(?m)^sha256 = .*$", f'sha256 = "{sha256_of(path)}"', row)
    registry.write_text(head + mark + row + gap + after, "utf-8")


def _progress(stage: str, done: int, total: int, **values: float) -> None:
    if done == total or done % 50 == 0:
        summary = " ".join(f"{k} {v:.3f}" for k, v in values.items())
        print(f"{stage} {done}/{total} {summary}", file=sys.stderr, flush=True)


def main() -> None:
    """Train what was asked for, in the order in which one needs the other."""
    parser = argparse.ArgumentParser(prog="python -m metrics.training", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; or all")
    parser.add_argument("--out", type=Path, default=ROOT / "metrics" / "weights")
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--frames", type=int, default=180, help="of each subject")
    parser.add_argument("--size", type=int, default=128, help="side of the frames in pixels")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budget", type=float, default=1.0, help="factor on the training steps")
    parser.add_argument("--recordings", default=RECORDINGS, help="module:function that draws them")
    options = parser.parse_args()
    module, _, function = options.recordings.partition(":")
    draw = getattr(importlib.import_module(module), function)
    size = (options.size, options.size)
    people = list(draw(options.people, size, options.seed, frames=options.frames))
    for name in [n for n in NAMES if n in options.names or not options.names]:
        start = time.perf_counter()
        figures = train(name, people, options.out, options.seed, _progress, options.budget)
        print(f"{name}: {time.perf_counter() - start:.0f} s")
        for key, value in figures.items():
            print(f"  {key} {value:.4g}")
        if options.out.resolve() == (ROOT / "metrics" / "weights").resolve():
            path = options.out / f"{name}.safetensors"
            register(name, path, ROOT / "metrics" / "weights.toml")


if __name__ == "__main__":
    main()
