"""What every stand-in script shares: films in and out, and a record of what it was given.

It is copied beside the scripts of a stand-in checkout and knows nothing of the harness, as
the published scripts do not.
"""

import json
import shutil
import sys
import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image


def root(script):
    """The checkout that a script stands in, also where it is called through a link."""
    here = Path(script).resolve().parent
    while not (here / "seen").is_dir():
        here = here.parent
    return here


def record(script, **files):
    """Keep the command line, the working folder and copies of the inputs."""
    seen = root(script) / "seen"
    copies = {}
    for name, path in files.items():
        if path and Path(path).is_file():
            copies[name] = f"{name}{Path(path).suffix}"
            shutil.copyfile(path, seen / copies[name])
    line = {"argv": sys.argv, "cwd": str(Path.cwd()), "files": copies}
    with open(seen / "calls.jsonl", "a") as log:
        log.write(json.dumps(line) + "\n")


def picture(path, size=None):
    image = Image.open(path).convert("RGB")
    return np.asarray(image if size is None else image.resize((size, size), Image.BICUBIC))


def landmarks(frame):
    """As face_alignment is asked by them: where it finds no face it gives None."""
    face = frame if np.ptp(frame) > 30 else None
    return face[-1]


def shows(path, index):
    """Whether a picture is frame `index` of the tests' recordings, by its shade."""
    return abs((picture(path)[4:12, 8:-8, 0].mean() - 40) / 8 - index) < 0.5


def learned(path, index):
    """What a perfect method paints for a test frame; the frame itself must be out of sight."""
    assert not shows(path, index), f"{path} is a true test frame"
    made = np.zeros((32, 32, 3), np.uint8)
    made[:16] = ((40 + 8 * index) % 256, 120, 90)
    made[16:, 16:] = 255
    return made


def film(path):
    """Frames and frame rate."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = [f.to_ndarray(format="rgb24") for f in container.decode(stream)]
        return frames, float(stream.average_rate)


def write_film(path, frames, fps=25, codec="libx264"):
    options = {"crf": "4", "preset": "ultrafast"} if codec == "libx264" else {"qscale": "1"}
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(fps).limit_denominator(1001))
        stream.options = options
        stream.pix_fmt = "yuv420p"
        stream.height, stream.width = frames[0].shape[0] // 2 * 2, frames[0].shape[1] // 2 * 2
        for frame in frames:
            even = np.ascontiguousarray(frame[: stream.height, : stream.width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(even, format="rgb24")))
        container.mux(stream.encode(None))


def samples(path):
    """How many samples a 16 kHz mono wav holds."""
    with wave.open(str(path)) as sound:
        assert sound.getframerate() == 16_000, sound.getframerate()
        assert sound.getnchannels() == 1, sound.getnchannels()
        return sound.getnframes()


def talking(source, count):
    """`count` frames of a picture whose lower half brightens and darkens."""
    frames = np.repeat(np.asarray(source)[None], count, 0).astype(np.float32)
    half = frames.shape[1] // 2
    frames[:, half:] += 12 * np.sin(np.arange(count))[:, None, None, None]
    return list(np.clip(frames, 0, 255).astype(np.uint8))
