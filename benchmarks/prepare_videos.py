"""The videos of `prepare_table`: ten kinds, each of a rendered and of a filmed person.

Every kind states what `prepare` must say of it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from benchmarks import prepare_people as wear
from benchmarks.prepare_people import Talk
from harness.media.video import write_mp4

#: Frames of a rendered video, and of a filmed one where there are as many.
COUNT = 150

#: What a kind must come to: words of the outcome, or of what is said; and the least dB, or 0.
STILL = 43.0


@dataclass(frozen=True)
class Case:
    """A video and what must become of it.

    Attributes:
        name: of its kind and person.
        path: of the file.
        options: of `prepare`.
        outcome: "prepared", "warned" or "refused".
        words: that the outcome's sentence must hold.
        least: dB of the composite on average that it must reach; 0 for none.
        offset: seconds that the sound must be found late, or None.

    """

    name: str
    path: Path
    options: tuple[str, ...] = ()
    outcome: str = "prepared"
    words: str = ""
    least: float = STILL
    offset: float | None = None


def write(path: Path, talk: Talk) -> Path:
    """As a camera would: H.264 of good quality."""
    write_mp4(path, talk.frames, talk.fps, talk.audio, crf=14)
    return path


def write_ten_bit(path: Path, talk: Talk) -> Path:
    """HEVC with 10 bits a channel and a standard range, as many cameras record."""
    with av.open(str(path), "w") as container:
        options = {"crf": "12", "x265-params": "log-level=none"}
        video = container.add_stream("libx265", rate=Fraction(talk.fps), options=options)
        video.height, video.width = talk.frames[0].shape[:2]
        video.pix_fmt = "yuv420p10le"
        sound = container.add_stream("aac", rate=16_000, layout="mono")
        for t, frame in enumerate(talk.frames):
            picture = av.VideoFrame.from_ndarray(frame, "rgb24").reformat(format="yuv420p10le")
            picture.pts, picture.time_base = t, 1 / Fraction(talk.fps)
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
        for start in range(0, len(talk.audio), 1024):
            block = talk.audio[None, start : start + 1024]
            piece = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
            piece.sample_rate, piece.pts = 16_000, start
            piece.time_base = Fraction(1, 16_000)
            container.mux(sound.encode(piece))
        container.mux(sound.encode(None))
    return path


def write_turned(path: Path, talk: Talk) -> Path:
    """Stored on its side, with the display matrix that a telephone writes."""
    write(path, talk.with_frames(lambda t, frame: np.ascontiguousarray(np.rot90(frame))))
    content = path.read_bytes()
    upright, turned = (
        struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
        for a, b, c, d in ((65536, 0, 0, 65536), (0, 65536, -65536, 0))
    )
    at = content.index(upright, content.index(b"tkhd"))
    path.write_bytes(content[:at] + turned + content[at + len(turned) :])
    return path


def ten(folder: Path, kind: str, people: dict[str, Talk]) -> Iterator[Case]:
    """The ten kinds.

    Args:
        folder: where to write.
        kind: "rendered" or "filmed".
        people: the one with much `hair`, the `plain` one, `another`, and one at `30` a second.

    """
    plain, another = people["plain"], people["another"]

    def case(name: str, write_it: Callable[[Path, Talk], Path], talk: Talk, **more: Any) -> Case:
        path = folder / f"{kind}_{name.replace(' ', '_').replace('/', '_per_')}.mp4"
        return Case(f"{name}, {kind}", write_it(path, talk), **more)

    refused: dict[str, Any] = {"outcome": "refused", "least": 0.0}
    warned = {"outcome": "warned"}
    middle = min(len(plain.frames), len(another.frames)) // 2
    yield case("much hair", write, people["hair"])
    yield case("beard", write, wear.with_beard(plain))
    yield case("glasses", write, wear.with_glasses(plain))
    yield case("moving background", write, wear.before_moving_background(plain),
               words="masks do not hold", **refused)  # fmt: skip
    yield case("cut", write, wear.then(plain, another, middle), words="a cut", **refused)
    yield case("late sound", write, wear.shifted(plain, 0.2), words="ms late", offset=0.2, **warned)
    yield case("two people", write, wear.beside(plain, another), words="several faces", **refused)
    yield case("30 frames/s", write, people["30"])
    yield case("10 bits, HEVC", write_ten_bit, plain, words="rounded to 8", **warned)
    yield case("display matrix, 90 degrees", write_turned, plain)


def others(folder: Path, rendered: dict[str, Talk], filmed: dict[str, Talk]) -> Iterator[Case]:
    """What is no person who faces the camera and speaks, and other rates."""
    refused: dict[str, Any] = {"outcome": "refused", "least": 0.0}
    plain, talk = filmed["plain"], rendered["plain"]
    ntsc = replace(rendered["30"], fps=Fraction(30_000, 1001))
    path = write(folder / "ntsc.mp4", ntsc)
    yield Case("29.97 frames/s", path, words="Pass --fps 30", **refused)
    words = "become 30"
    yield Case("29.97 frames/s, --fps 30", path, ("--fps", "30"), "warned", words)
    silent = write(folder / "silent.mp4", replace(talk, audio=0 * talk.audio))
    yield Case("silent track", silent, words="silent", **refused)
    photo = write(folder / "photo.mp4", plain.with_frames(lambda t, f: plain.frames[0]))
    yield Case("photograph", photo, words="never moves", **refused)
    few = replace(plain, frames=plain.frames[:40], audio=plain.audio[: 40 * 640])
    yield Case("40 frames", write(folder / "few.mp4", few), (), "warned", "`run` will refuse")
    aside = write(folder / "aside.mp4", wear.rendered(0, 100, turn=55.0))
    yield Case("face from the side", aside, words="turned away", **refused)
    glance = write(folder / "glance.mp4", wear.rendered(0, 100, turn=60.0, until=30))
    yield Case("a look to the side", glance, (), "warned", "turned away", 0.0)
    wide = plain.with_frames(lambda t, f: np.hstack([f, np.full_like(f, 90), plain.frames[0]]))
    poster = write(folder / "poster.mp4", wide)
    yield Case("poster beside the person", poster, (), "warned", "never moves, as in a picture")
