"""Time the splatting core, alone or beside a prototype, interleaved in one process.

    python -m benchmarks.splatting
    python -m benchmarks.splatting --prototype DIR

DIR holds `gs_ctypes.py`, `scene.py` and the built libraries `cpp/libgs_{avx512,avx2,sse2}.so`.
Each pair of calls runs back to back, so that a noisy machine slows both, and what is reported
is the fastest fifth's upper bound: on a shared machine the median of two threads measures the
scheduler, which leaves one of them waiting at a barrier for whole time slices. Absolute
milliseconds on such a machine mean little; the ratio does.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks.splatting_scene import camera, head_scene
from methods.gaussians.native import library
from methods.gaussians.rasterize import rasterize

COUNTS = (5000, 20000, 50000)
SIZES = (128, 256, 512)
PROTOTYPE_NAMES = {"avx512": "avx512", "avx2": "avx2", "baseline": "sse2"}

Call = Callable[[], object]


def steps(render: Callable, scene: list[torch.Tensor], size: int) -> dict[str, Call]:
    """A forward pass without a graph, and a forward and a backward pass."""
    leaves = [t.clone().requires_grad_() for t in scene]
    cotangent = torch.rand(1, size, size, 3, generator=torch.Generator().manual_seed(0)) - 0.5

    def forward() -> None:
        with torch.no_grad():
            render(*scene)

    def both() -> None:
        for leaf in leaves:
            leaf.grad = None
        torch.autograd.backward([render(*leaves)[0]], [cotangent])

    return {"forward": forward, "forward+backward": both}


def interleave(calls: dict[str, Call], rounds: int, budget: float) -> dict[str, float]:
    """Milliseconds of each call, taken in turns: the 20th percentile of the rounds."""
    for call in calls.values():
        for _ in range(3):
            call()
    times: dict[str, list[float]] = {name: [] for name in calls}
    deadline = time.perf_counter() + budget
    for turn in range(rounds):
        if turn >= 5 and time.perf_counter() > deadline:
            break
        # Alternate who goes first: the second finds warmer caches and a raised clock.
        for name in list(calls)[:: 1 if turn % 2 else -1]:
            start = time.perf_counter()
            calls[name]()
            times[name].append(1e3 * (time.perf_counter() - start))
    return {name: sorted(values)[len(values) // 5] for name, values in times.items()}


def load_prototype(folder: Path, isa: str) -> Callable:
    """The prototype's `rasterization`, bound to the library of one instruction set."""
    sys.path.insert(0, str(folder))
    import gs_ctypes

    gs_ctypes.use(PROTOTYPE_NAMES[isa])
    return gs_ctypes.rasterization


def measure(count: int, size: int, threads: int, prototype: Callable | None, args) -> list[dict]:
    """One configuration: rows for forward and for forward+backward."""
    torch.set_num_threads(threads)
    scene, (viewmats, Ks) = head_scene(count), camera(size, 0.2)
    white = torch.ones(1, 3)

    def ours(*tensors: torch.Tensor):
        return rasterize(
            *tensors, viewmats, Ks, size, size, backgrounds=white, backend="cpu", threads=threads
        )

    def theirs(*tensors: torch.Tensor):
        return prototype(*tensors, viewmats, Ks, size, size, white)

    own = steps(ours, scene, size)
    other = steps(theirs, scene, size) if prototype else {}
    rows = []
    for step, call in own.items():
        calls = {"ours": call, **({"prototype": other[step]} if other else {})}
        times = interleave(calls, args.rounds, args.budget)
        row = {"gaussians": count, "size": size, "threads": threads, "step": step, **times}
        if other:
            row["ratio"] = times["ours"] / times["prototype"]
        rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--prototype", type=Path, help="folder of a built prototype")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--rounds", type=int, default=41)
    parser.add_argument("--budget", type=float, default=4.0, help="seconds per row, about")
    parser.add_argument("--json", type=Path, help="also write the rows here")
    args = parser.parse_args()
    isa = library.chosen_isa()
    prototype = load_prototype(args.prototype, isa) if args.prototype else None
    print(f"{isa}, torch {torch.__version__}; milliseconds")
    print(f"{'N':>6} {'size':>5} {'T':>2} {'step':<17} {'ours':>8} {'prototype':>10} {'ratio':>6}")
    rows = []
    for threads in args.threads:
        for count in args.counts:
            for size in args.sizes:
                for row in measure(count, size, threads, prototype, args):
                    rows.append(row)
                    tail = f"{row['prototype']:10.2f} {row['ratio']:6.2f}" if "ratio" in row else ""
                    print(
                        f"{count:6d} {size:5d} {threads:2d} {row['step']:<17} "
                        f"{row['ours']:8.2f} {tail}",
                        flush=True,
                    )
    if args.json:
        args.json.write_text(json.dumps({"isa": isa, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
