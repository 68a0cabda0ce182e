"""Frames a second of scoring portrait video of a telephone, 1080x1920, for PSNR and SSIM.

    python -m benchmarks.large_frames [--frames 150] [--metrics psnr,ssim]

Two encodings of one moving image are scored by `python -m harness score` in a process of its own,
with a cache and a folder of their own. The time is that of the whole command: start, decoding for
the checks, sound of none, decoding again, metrics, table and page.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

HEIGHT, WIDTH, FPS = 1920, 1080, 25.0


def moving(count: int) -> Iterator[np.ndarray]:
    """A smooth random image that moves sideways, uint8 RGB [1920,1080,3]."""
    rng = np.random.default_rng(0)
    small = Image.fromarray(rng.integers(0, 256, (60, 34, 3), np.uint8))
    frame = np.asarray(small.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))
    for index in range(count):
        yield np.roll(frame, 3 * index, 1)


def seconds(count: int, metrics: str) -> float:
    """Seconds of the command for `count` frames."""
    from harness.media.video import write_mp4

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for side, crf in (("truth", 12), ("pred", 28)):
            write_mp4(folder / f"{side}.mp4", moving(count), FPS, crf=crf)
        command = [sys.executable, "-m", "harness", "score", "--metrics", metrics]
        command += ["--pred", str(folder / "pred.mp4"), "--truth", str(folder / "truth.mp4")]
        command += ["--domain", "photo", "--out", str(folder / "out")]
        environment = {**os.environ, "HARNESS_CACHE": str(folder / "cache")}
        start = time.perf_counter()
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - start


def main() -> None:
    """Print frames a second, with and without what the shortest command takes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=150)
    parser.add_argument("--metrics", default="psnr,ssim")
    options = parser.parse_args()
    least, whole = seconds(2, options.metrics), seconds(options.frames, options.metrics)
    print(f"{options.frames} frames of {WIDTH}x{HEIGHT}, {options.metrics}: {whole:.1f} s")
    print(f"{options.frames / whole:.1f} frames a second of the whole command")
    print(f"{(options.frames - 2) / (whole - least):.1f} frames a second beyond its start")


if __name__ == "__main__":
    main()
