"""Effect of H.264 on every metric: real videos against their own re-encodings.

    python -m benchmarks.codec [--frames 40] [--out docs/measured.json]

The first frames of two videos of the shared assets (an address at a desk, and one GRID video),
cropped to their middle square and resized to 256x256 with Pillow's bicubic filter, are the ground
truth, as PNG. They are scored against themselves, and against mp4 files that `write_mp4` made of
them at CRF 18 and 28, by the same code as `python -m harness score`. There is no sound, which a
video codec does not change.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks import measured

SHARED = measured.ROOT.parent / "shared" / "assets" / "video"
#: Name -> file under `SHARED`.
CLIPS = {"desk": "obama_20s.mp4", "grid": "grid/bbaf2n.mpg"}
CRFS = (18, 28)
FRAMES, SIZE, FPS = 40, 256, 25.0
LOSSLESS = "lossless"


def square(frame: np.ndarray, size: int = SIZE) -> np.ndarray:
    """The middle square of a frame uint8 [H,W,3], reduced to [size,size,3]."""
    side = min(frame.shape[:2])
    top, left = ((length - side) // 2 for length in frame.shape[:2])
    picture = Image.fromarray(frame[top : top + side, left : left + side])
    return np.asarray(picture.resize((size, size), Image.Resampling.BICUBIC))


def first_frames(path: Path, count: int) -> Iterator[np.ndarray]:
    """The first frames of a video, cropped to squares."""
    from harness.media.video import read_frames

    for _, frame in zip(range(count), read_frames(path), strict=False):
        yield square(frame)


def write(folder: Path, frames: int, crfs: tuple[int, ...] = CRFS) -> dict[str, Path]:
    """Ground truth as PNG folders, and its encodings: row name -> set of videos."""
    from harness.media.video import write_mp4

    rows = {LOSSLESS: folder / "truth"} | {f"CRF {crf}": folder / f"crf{crf}" for crf in crfs}
    for name, file in CLIPS.items():
        pictures = list(first_frames(SHARED / file, frames))
        place = rows[LOSSLESS] / name
        place.mkdir(parents=True)
        for index, picture in enumerate(pictures):
            Image.fromarray(picture).save(place / f"{index:06d}.png", compress_level=1)
        for crf in crfs:
            write_mp4(rows[f"CRF {crf}"] / f"{name}.mp4", pictures, FPS, crf=crf)
    return rows


def score(
    folder: Path,
    frames: int = FRAMES,
    metrics: tuple[str, ...] | None = None,
    crfs: tuple[int, ...] = CRFS,
) -> dict[str, dict[str, float]]:
    """Every column that could be computed: row name -> column -> value.

    Args:
        folder: an empty one to work in.
        frames: of each video.
        metrics: ids, or None for all that apply.
        crfs: which encodings.

    """
    from harness.engine.execution import Engine
    from harness.engine.planning import make_plan
    from harness.engine.request import FilesData, FilesRow, Request

    rows = write(folder, frames, crfs)
    data = FilesData(rows[LOSSLESS], fps=FPS, domain="photo")
    request = Request(tuple(FilesRow(*row) for row in rows.items()), data, metrics)
    results = Engine(folder / "out").run(make_plan(request))
    return {
        row.method: {
            name: measured.rounded(scored.value)
            for name, scored in sorted(row.scores.items())
            if scored.value is not None
        }
        for row in results.rows
    }


def about(frames: int) -> str:
    """The protocol in words, for the page."""
    return (
        f"The first {frames} frames of {len(CLIPS)} sequences (an address at a desk; GRID "
        f"{Path(CLIPS['grid']).stem}), their middle square at {SIZE}x{SIZE} by Pillow's bicubic "
        "filter, as PNG: the truth. Scored against themselves, and against H.264 files (x264, "
        "yuv420p) made of them, by the code of `python -m harness score`. Metrics whose weights "
        "are not published with this project are missing; `python -m benchmarks.codec` adds "
        "them where they are. Re-encoding alone moves each column by so much: a difference "
        "between two methods that is smaller says nothing where their videos were encoded "
        "differently."
    )


def main() -> None:
    """Score, print and store."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.codec", description=__doc__)
    parser.add_argument("--frames", type=int, default=FRAMES)
    parser.add_argument("--out", type=Path, default=measured.PATH)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        values = score(Path(folder), options.frames)
    for name in values[LOSSLESS]:
        print(f"{name:32s}", *(f"{row.get(name, float('nan')):12.5g}" for row in values.values()))
    table = {"about": about(options.frames), "frames": options.frames, "values": values}
    measured.merge({"codec": table}, options.out)


if __name__ == "__main__":
    main()
