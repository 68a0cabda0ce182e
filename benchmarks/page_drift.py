"""How far the videos of a page are from each other while they play, in a real browser.

    python -m benchmarks.page_drift [--seconds 60] [--rows 5]

Makes a run whose videos, written by the encoder of runs, show the number of every frame as a
pattern of 16 fields. Their page is played in Chromium (playwright), and ten times a second the
position of all videos and the frames that they show are read at one instant. Prints, for each way
to play, the largest distance of any two videos in frames.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

FPS, SIDE, FIELDS = 25, 128, 4
#: Seconds after a start within which the videos may still come together.
SETTLING = 1.5

#: What a page is asked for: positions in seconds, and the numbers that the videos show.
SAMPLE = """
([path, side, count]) => {
  const { videos } = document.querySelector(path).player.clock;
  const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const times = videos.map((video) => video.currentTime), size = side / count;
  const shown = videos.map((video) => {
    context.drawImage(video, 0, 0);
    const pixels = context.getImageData(0, 0, side, side).data;
    let number = 0;
    for (let field = 0; field < count ** 2; field++) {
      const x = (field % count + 0.5) * size, y = (Math.floor(field / count) + 0.5) * size;
      if (pixels[4 * (Math.floor(y) * side + Math.floor(x))] > 127) number += 2 ** field;
    }
    return number;
  });
  return [times, shown];
}
"""

PLAYER = ".player"
CLOCK = f"document.querySelector('{PLAYER}').player.clock"


def numbered(index: int) -> np.ndarray:
    """A frame, uint8 RGB [SIDE,SIDE,3], that shows its number in white and black fields."""
    bits = (index >> np.arange(FIELDS**2)) & 1
    fields = bits.reshape(FIELDS, FIELDS).astype(np.uint8) * 255
    return np.repeat(np.kron(fields, np.ones((SIDE // FIELDS,) * 2, np.uint8))[..., None], 3, -1)


def film(path: Path, frames: int) -> None:
    """A video of numbered frames with a quiet tone, as runs write their previews."""
    from harness.media.mp4 import write_mp4

    tone = 0.05 * np.sin(np.arange(round(frames / FPS * 16_000)) * 0.1).astype(np.float32)
    write_mp4(path, map(numbered, range(frames)), FPS, tone)


def run_folder(folder: Path, frames: Sequence[int]) -> Path:
    """A run with a row for each number of frames and values by frame; returns its page."""
    from harness.contracts import Results, Row, Score
    from reports import items
    from reports.page import assemble

    rows = []
    for index, count in enumerate(frames):
        name = f"row-{index}"
        source = folder / "videos" / f"{count}.mp4"
        if not source.is_file():
            film(source, count)
        video = folder / "videos" / f"{name}.mp4"
        shutil.copyfile(source, video)
        values = 30 + index + np.sin(np.arange(count) / 9)
        file = items.write(folder / "items" / f"{name}.csv", [("one", 0, "psnr", values)])
        protocol = {"fps": float(FPS), "height": SIDE, "width": SIDE, "test_frames": count}
        score = Score("ok", float(values.mean()), n=count)
        media = {"one": {"video": str(video.relative_to(folder))}}
        rows.append(
            Row(name, name, "method", "audio", "numbered@1", "", (0,), ("one",), protocol,
                {"psnr": score}, media, items=(str(file.relative_to(folder)),))
        )  # fmt: skip
    facts = {"metric": "psnr", "direction": "up", "unit": "dB", "summary": "-", "reference": "-"}
    columns = {"psnr": facts | {"aggregation": "mean of items"}}
    results = Results(tuple(rows), columns, (), {"plan": ""}, {"one": {"subject": "one"}})
    return assemble.write(results, folder)


@contextmanager
def browser() -> Iterator[Any]:
    """A Chromium of this machine, without a window."""
    from playwright.sync_api import sync_playwright

    path = chromium()
    if path is None:
        raise SystemExit("error: no Chromium is installed (apt-get install chromium)")
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        found = playwright.chromium.launch(executable_path=path, args=options)
        yield found
        found.close()


def chromium() -> str | None:
    """The browser that this machine has, or None."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


def sample(page: Any) -> tuple[list[float], list[int]]:
    """Positions of all videos in seconds, and the frames that they show, at one instant."""
    times, shown = page.evaluate(SAMPLE, [PLAYER, SIDE, FIELDS])
    return times, shown


@dataclass(frozen=True)
class Drift:
    """The largest distances between any two videos, in frames."""

    samples: int
    last: float  # of the last sample
    p99: float  # of all samples after `SETTLING`
    most: float
    typical: float  # their median
    shown: int  # median by the numbers in the pictures
    shown_most: int


def watch(page: Any, seconds: float, every: float = 0.1, running: int | None = None) -> Drift:
    """Read the videos of a playing page for some seconds.

    Args:
        page: of playwright.
        seconds: how long.
        every: seconds between two readings.
        running: how many of the videos, from the first on, are long enough; all for None.

    """
    positions, shown = [], []
    for _ in range(round(seconds / every)):
        page.wait_for_timeout(1e3 * every)
        times, numbers = sample(page)
        positions.append(times[:running])
        shown.append(numbers[:running])
    # Neither the start nor a moment between the end and the next start is drift.
    kept = np.array(positions).min(1) >= SETTLING
    kept[: round(SETTLING / every)] = False
    spread = np.ptp(np.array(positions) * FPS, axis=1)[kept]
    pictures = np.ptp(np.array(shown), axis=1)[kept]
    numbers_ = (spread[-1], np.quantile(spread, 0.99), spread.max(), np.median(spread))
    return Drift(len(spread), *map(float, numbers_), int(np.median(pictures)), int(pictures.max()))


def opened(browser_: Any, page_path: Path) -> Any:
    """The page, with its player ready."""
    page = browser_.new_page()
    page.goto(page_path.as_uri())
    page.wait_for_function(f"{CLOCK}.videos.every((video) => video.readyState >= 1)")
    return page


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rows", type=int, default=5)
    options = parser.parse_args()
    frames = round((options.seconds + 15) * FPS)
    with tempfile.TemporaryDirectory() as folder, browser() as chrome:
        page = opened(chrome, run_folder(Path(folder) / "same", [frames] * options.rows))

        def say(what: str, drift: Drift) -> None:
            print(
                f"{what:30} after {drift.samples / 10:5.1f} s {drift.last:5.2f} frames; median "
                f"{drift.typical:.2f}, p99 {drift.p99:.2f}, most {drift.most:.2f}; in the pictures "
                f"median {drift.shown}, most {drift.shown_most}",
                flush=True,
            )

        page.evaluate(f"{CLOCK}.play()")
        say(f"{options.rows} videos", watch(page, options.seconds))
        page.evaluate(f"{CLOCK}.seek(100)")
        say("after a seek while playing", watch(page, 10))
        page.evaluate(f"{CLOCK}.pause()")
        page.wait_for_timeout(500)
        page.evaluate(f"{CLOCK}.play()")
        say("after pause and play", watch(page, 10))
        page.evaluate(f"{CLOCK}.setRate(0.5)")
        say("at half speed", watch(page, 20))
        page.evaluate(f"{CLOCK}.setRate(2)")
        say("at double speed", watch(page, 10))
        page.evaluate(f"{CLOCK}.setRate(1)")
        page.evaluate(f"{CLOCK}.seek({frames - 50})")
        say("after the end and a new start", watch(page, 10))
        page.close()
        mixed = [frames] * (options.rows - 1) + [10 * FPS]
        page = opened(chrome, run_folder(Path(folder) / "mixed", mixed))
        page.evaluate(f"{CLOCK}.play()")
        say("one of 10 s: the others", watch(page, 20, running=options.rows - 1))
        print(f"the short one shows frame {sample(page)[1][-1]}; its last is {10 * FPS - 1}")


if __name__ == "__main__":
    main()
