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

WEIGHTS = ROOT / "metrics" / "weights"
SEQUENCES = "splits.synthetic.corpus:training_sequences"


def register(name: str, path: Path, registry: Path) -> None:
    """Write size and sha256 of a trained file into its row of `weights.toml`."""
    text = registry.read_text("utf-8")
    head, mark, rest = text.partition(f"[{name}]\n")
    if not mark:
        raise SystemExit(f"{registry}: no entry [{name}]")
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
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"networks to train: {', '.join(NAMES)} (all by default)",
    )
    parser.add_argument(
        "--out", type=Path, default=WEIGHTS, help="folder for the weights and cards"
    )
    parser.add_argument("--subjects", type=int, default=40, help="number of subjects")
    parser.add_argument("--frames", type=int, default=180, help="frames per subject")
    parser.add_argument("--size", type=int, default=128, help="frame width and height in pixels")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--budget", type=float, default=1.0, help="multiplier of the number of training steps"
    )
    parser.add_argument(
        "--sequences", default=SEQUENCES, help="module:function that renders the training sequences"
    )
    options = parser.parse_args()
    module, _, function = options.sequences.partition(":")
    render = getattr(importlib.import_module(module), function)
    size = (options.size, options.size)
    sequences = list(render(options.subjects, size, options.seed, frames=options.frames))
    for name in [n for n in NAMES if n in options.names or not options.names]:
        start = time.perf_counter()
        figures = train(name, sequences, options.out, options.seed, _progress, options.budget)
        print(f"{name}: {time.perf_counter() - start:.0f} s")
        for key, value in figures.items():
            print(f"  {key} {value:.4g}")
        if options.out.resolve() == WEIGHTS.resolve():
            register(name, WEIGHTS / f"{name}.safetensors", ROOT / "metrics" / "weights.toml")


if __name__ == "__main__":
    main()
