"""The whole suite in one pass against the published tools one after another, on one sequence.

    .venv-reference/bin/python -m benchmarks.suite [--frames 250] [--threads 1 2] [--rounds 2]

Runs in the environment of requirements-reference.txt, in one process. A sequence of 256x256 with
sound is written once as H.264; each tool decodes it for itself and runs as its users run it, our
metrics look at one pass. Networks hold seeded random weights that both sides read from the same
files, so only time and equality are reported. Detectors with such weights find no face:
both sides run theirs on every frame and are then given one fixed box.

Each tool and our pass are timed in turns, with model loading and decoding, and the least of the
rounds counts. Seconds are those of the processor (all threads) where one thread is used, which
a machine shared with others disturbs less, and of the clock otherwise. Ours of one metric holds
what it computed first and others shared.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from unittest import mock

import numpy as np
import torch

from benchmarks import seeded

#: Ours and theirs may differ by this, relative to values above 1.
TOLERANCE = 1e-4
#: Frames that our pass takes at once, as `score` does.
BATCH = 32
#: Weights ids of detectors, whose scores are pushed below every threshold.
DETECTORS = ("s3fd-sync", "s3fd-fan")

Clock = Callable[[], float]


def blind(state: seeded.State) -> seeded.State:
    """A detector that is sure of the background everywhere."""
    for name, value in state.items():
        if name.startswith("conf.") or "_mbox_conf" in name:
            value.zero_()
            if name.endswith("bias"):
                value[:-1] = 10.0
    return state


def sides(count: int, size: int = 256) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A moving texture and a worse copy, uint8 [count,size,size,3], and sound float32 [S]."""
    rng = np.random.default_rng(21)
    y, x = np.mgrid[:size, :size] / size
    truth = np.empty((count, size, size, 3), np.uint8)
    prediction = np.empty_like(truth)
    for t in range(count):
        phase = 0.35 * t
        waves = [
            np.sin(9 * (k + 1) * x + phase) * np.cos(7 * y * (k + 1) - phase / 2) for k in range(3)
        ]
        clean = 128 + 70 * np.stack(waves, -1)
        truth[t] = (clean + rng.normal(0, 6, clean.shape)).clip(0, 255)
        damaged = np.roll(clean, 1, 1) * 0.95
        prediction[t] = (damaged + rng.normal(0, 9, clean.shape)).clip(0, 255)
    seconds = np.arange(count * 640) / 16_000
    sound = 0.3 * np.sin(2 * np.pi * (200 + 60 * seconds) * seconds)
    sound = sound * (1 + np.sin(2 * np.pi * 4 * seconds)) / 2
    return prediction, truth, sound.astype(np.float32)


def prepare(folder: Path, count: int):
    """Write the sequence and the weights; the job of `suite_theirs`."""
    from scipy.io import wavfile

    from benchmarks.suite_theirs import Job
    from harness.media.video import write_mp4

    prediction, truth, sound = sides(count)
    paths = {name: folder / f"{name}.mp4" for name in ("prediction", "truth")}
    write_mp4(paths["prediction"], prediction, 25.0, sound)
    write_mp4(paths["truth"], truth, 25.0, sound)
    wavfile.write(folder / "sound.wav", 16_000, np.round(sound * 32767).astype(np.int16))
    weights = seeded.write(folder, dict.fromkeys(DETECTORS, blind))
    return Job(paths["prediction"], paths["truth"], folder / "sound.wav", weights, folder)


class Timed:
    """A metric with a stopwatch in each of its three calls."""

    def __init__(self, metric, clock: Clock) -> None:
        self.metric, self.clock, self.seconds = metric, clock, 0.0

    def _watch(self, call: Callable, *given):
        start = self.clock()
        try:
            return call(*given)
        finally:
            self.seconds += self.clock() - start

    def begin(self, clip) -> None:
        """Timed."""
        self._watch(self.metric.begin, clip)

    def update(self, batch) -> None:
        """Timed."""
        self._watch(self.metric.update, batch)

    def compute(self):
        """Timed."""
        return self._watch(self.metric.compute)


def ours(job, names: list[str], clock: Clock) -> tuple[dict[str, float], dict[str, float]]:
    """One pass of all metrics: their columns, and their seconds by id, decoding beside them."""
    import importlib

    from scipy.io import wavfile

    from benchmarks.suite_theirs import FACE
    from harness.contracts import Clip
    from harness.engine.work.scoring import stream
    from harness.media.video import read_frames
    from metrics import catalog
    from metrics.backbones import s3fd_boxes

    find = s3fd_boxes.find_faces

    def given(net, frames: np.ndarray, confidence: float | None = None) -> list[np.ndarray]:
        find(net, frames, confidence)
        scale = np.array([frames.shape[1] / 256] * 4 + [1])
        return [FACE[None] * scale] * len(frames)

    def batches() -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        readers = read_frames(job.prediction), read_frames(job.truth)
        held: list[tuple[np.ndarray, np.ndarray]] = []
        start = 0
        for pair in zip(*readers, strict=True):
            held.append(pair)
            if len(held) == BATCH:
                yield start, *map(np.stack, zip(*held, strict=True))
                start, held = start + len(held), []
        if held:
            yield start, *map(np.stack, zip(*held, strict=True))

    begun = clock()
    timed = {}
    for name in names:
        spec = catalog.spec(name)
        module, _, kind = spec.entry.partition(":")
        files = {key: job.weights[key] for key in spec.weights}
        timed[name] = Timed(getattr(importlib.import_module(module), kind)(spec, files), clock)
    audio = wavfile.read(job.sound)[1].astype(np.float32) / 32768
    clip = Clip("clip", 25.0, len(audio) // 640, 256, 256, audio)
    with mock.patch.object(s3fd_boxes, "find_faces", given):
        results = stream(list(timed.values()), clip, batches(), lambda *_: None)
    values: dict[str, float] = {}
    for name, result in zip(names, results, strict=True):
        if isinstance(result, Exception):
            raise RuntimeError(f"{name} failed") from result
        values |= {key: value for key, value in result.values.items() if value is not None}
    seconds = {name: watch.seconds for name, watch in timed.items()}
    seconds["decoding"] = clock() - begun - sum(seconds.values())
    return values, seconds


def installed() -> dict[str, tuple[str, Callable]]:
    """The tools whose metric is here, with at least one of its columns."""
    from benchmarks.suite_theirs import TOOLS
    from metrics import catalog

    return {name: tool for name, tool in TOOLS.items() if tool[0] in catalog.specs()}


def compare(job, chosen: Mapping[str, tuple[str, Callable]], rounds: int, clock: Clock):
    """Run both sides in turns; the least seconds of either, and both sides' columns."""
    from benchmarks.suite_theirs import Job

    names = list(dict.fromkeys(metric for metric, _ in chosen.values()))
    theirs: dict[str, float] = defaultdict(lambda: float("inf"))
    best: dict[str, float] = {}
    expected: dict[str, dict[str, float]] = {}
    for turn in range(rounds):
        values, seconds = ours(job, names, clock)
        if not best or sum(seconds.values()) < sum(best.values()):
            best = seconds
        for name, (_, tool) in chosen.items():
            with tempfile.TemporaryDirectory(dir=job.folder) as folder:
                its = Job(job.prediction, job.truth, job.sound, job.weights, Path(folder))
                start = clock()
                expected[name] = tool(its)
                theirs[name] = min(theirs[name], clock() - start)
        print(f"round {turn + 1} of {rounds}; load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    return dict(theirs), best, expected, values


def difference(mine: float, reference: float) -> float:
    """How far apart, relative to values above 1."""
    return abs(mine - reference) / max(1.0, abs(reference))


def report(theirs, best, expected, values, chosen) -> tuple[str, float, float]:
    """The table, the ratio of the totals, and the largest difference."""
    lines = [f"{'tool':26s} {'theirs s':>9s} {'ours s':>9s} {'ratio':>6s} {'difference':>11s}"]
    worst = 0.0
    for metric in dict.fromkeys(metric for metric, _ in chosen.values()):
        tools = [name for name, (m, _) in chosen.items() if m == metric]
        for name in tools:
            shared = [key for key in expected[name] if key in values]
            apart = max((difference(values[k], expected[name][k]) for k in shared), default=0.0)
            worst = max(worst, apart)
            text = f"{apart:11.1e}" if shared else f"{'no column':>11s}"
            lines.append(f"{name:26s} {theirs[name]:9.2f} {'':9s} {'':6s} {text}")
        total = sum(theirs[name] for name in tools)
        lines.append(
            f"  = {metric:22s} {total:9.2f} {best[metric]:9.2f} {total / best[metric]:6.2f}"
        )
    lines.append(f"  = {'decoding':22s} {'':9s} {best['decoding']:9.2f}")
    total, mine = sum(theirs.values()), sum(best.values())
    lines.append(f"{'all':26s} {total:9.2f} {mine:9.2f} {total / mine:6.2f} {worst:11.1e}")
    for title, kept in subtotals(chosen).items():
        metrics = {chosen[name][0] for name in kept}
        part, our = sum(theirs[name] for name in kept), sum(best[m] for m in metrics)
        our += best["decoding"]
        lines.append(f"{title:26s} {part:9.2f} {our:9.2f} {part / our:6.2f}")
    return "\n".join(lines), total / mine, worst


def subtotals(chosen: Mapping[str, tuple[str, Callable]]) -> dict[str, list[str]]:
    """Tools without some, by title: what can be run where no weights were downloaded, and so on."""
    from harness.weights import registry
    from metrics import catalog

    def free(metric: str) -> bool:
        return all(registry()[name].shipped for name in catalog.spec(metric).weights)

    found = {
        "without downloaded weights": [name for name, (m, _) in chosen.items() if free(m)],
        "with one LMDMeter run": [name for name in chosen if name != "LMDMeter face"],
    }
    return {title: kept for title, kept in found.items() if 0 < len(kept) < len(chosen)}


def main() -> None:
    """Measure and print; exits 1 where values differ."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.suite", description=__doc__)
    parser.add_argument("--frames", type=int, default=250)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--only", nargs="*", help="metric ids; default: all that are here")
    options = parser.parse_args()
    import cv2
    from shim import declare_torchvision_operators

    declare_torchvision_operators()
    warnings.filterwarnings("ignore")
    chosen = {k: v for k, v in installed().items() if not options.only or v[0] in options.only}
    far = False
    with tempfile.TemporaryDirectory() as folder:
        job = prepare(Path(folder), options.frames)
        for threads in options.threads:
            torch.set_num_threads(threads)
            cv2.setNumThreads(threads)
            clock = time.process_time if threads == 1 else time.perf_counter
            text, _, worst = report(*compare(job, chosen, options.rounds, clock), chosen)
            far |= worst > TOLERANCE
            kind = "processor" if threads == 1 else "clock"
            print(f"\n{options.frames} frames, {threads} threads, {kind} seconds, least of "
                  f"{options.rounds} rounds, load {os.getloadavg()[0]:.1f}\n{text}")  # fmt: skip
    sys.exit(1 if far else 0)


if __name__ == "__main__":
    main()
