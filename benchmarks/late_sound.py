"""How often an offset of sound and mouth is reported, where there is one and where there is none.

Parts of a real video with its own sound as it is, with its own sound moved by 0.2 to 0.4 s, and
with sound of other people (Emo-DB). A report on the last is a false alarm about the offset, though
not about whether mouth and sound belong together.

    python -m benchmarks.late_sound ../shared/assets

Prints a Markdown table. About two minutes on one core.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks.content_sources import spoken
from harness.lipsync.offset import estimate
from harness.media.audio import read_audio
from harness.media.face_landmarker import FaceLandmarker

FPS, HOP = 25, 640  # samples a frame

#: Seconds of the parts, how many of each, and by how much sound is moved, in seconds.
SECONDS, PARTS = (6, 10, 19), 240
MOVED = (-0.4, -0.3, -0.2, 0.2, 0.3, 0.4)

#: Seconds within which an offset is right, and utterances that are other people's sound.
_NEAR, _OTHERS = 0.06, 300


def counts(
    sound: np.ndarray, seen: np.ndarray, other: np.ndarray, seconds: int, rng: np.random.Generator
) -> dict[str, int]:
    """Of `PARTS` parts, for how many an offset is reported.

    Args:
        sound: float32 [S] at 16 kHz, in sync.
        seen: measures of the mouth, float [T,K].
        other: float32 [S] of other people.
        seconds: of a part.
        rng: draws parts.

    """
    found = dict.fromkeys(("as it is", "moved, right", "moved, wrong", "other people"), 0)
    length = seconds * FPS
    for k in range(PARTS):
        first = int(rng.integers(len(seen) - length + 1))
        mouth, part = seen[first : first + length], slice(first * HOP, (first + length) * HOP)
        found["as it is"] += estimate(mouth, sound[part], FPS).clear
        late = MOVED[k % len(MOVED)]
        late_by = estimate(mouth, np.roll(sound, round(late * 16_000))[part], FPS)
        found["moved, right"] += late_by.clear and abs(late_by.seconds - late) < _NEAR
        found["moved, wrong"] += late_by.clear and abs(late_by.seconds - late) >= _NEAR
        start = int(rng.integers(len(other) - length * HOP))
        found["other people"] += estimate(mouth, other[start:][: length * HOP], FPS).clear
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("assets", type=Path)
    assets = parser.parse_args().assets
    with FaceLandmarker(assets / "weights" / "face_landmarker.task") as landmarker:
        sound, seen = spoken(assets / "video" / "obama_20s_synced.mp4", landmarker)
    rng = np.random.default_rng(0)
    paths = rng.permutation(sorted((assets / "speech" / "emodb").glob("*.wav")))[:_OTHERS]
    other = np.concatenate([read_audio(path) for path in paths])
    rows = {seconds: counts(sound, seen, other, seconds, rng) for seconds in SECONDS}
    print(f"| reported, of {PARTS} | {' | '.join(next(iter(rows.values())))} |")
    print("|---|--:|--:|--:|--:|")
    for seconds, row in rows.items():
        print(f"| {seconds} s | {' | '.join(map(str, row.values()))} |")


if __name__ == "__main__":
    main()
