"""A prepared folder cut to a few frames, to test whether a checkout runs at all."""

from __future__ import annotations

import json
from pathlib import Path

from harness.contracts import BadInput
from harness.files.documents import read_object
from methods.external.run import staging

#: Frames to train on, and to render. The checkouts take audio windows of 8 frames.
TRAIN, TEST = 30, 3
_CUT = ("transforms_train.json", "transforms_val.json", "aud.wav")


def cut_folder(source: Path, target: Path) -> Path:
    """Copy the first 33 frames of a folder: links, and rewritten lists and audio.

    Args:
        source: a prepared folder; only read.
        target: created.

    Raises:
        BadInput: it is no prepared folder, or has fewer frames.

    """
    from harness.media.audio import read_audio, write_wav

    staging.need(source, _CUT, "Make one with `python -m harness prepare VIDEO --out DIR`.")
    paths = {part: source / f"transforms_{part}.json" for part in ("train", "val")}
    contents = {part: read_object(path) for part, path in paths.items()}
    frames = contents["train"]["frames"] + contents["val"]["frames"]
    if len(frames) < TRAIN + TEST:
        fact = f"it has {len(frames)} frames, and a smoke run needs {TRAIN + TEST}"
        raise BadInput(source, fact, "Use a longer sequence.")
    staging.stage(source, target, but=_CUT)
    for part, chosen in (("train", frames[:TRAIN]), ("val", frames[TRAIN : TRAIN + TEST])):
        content = {**contents[part], "frames": chosen}
        staging.write(target / f"transforms_{part}.json", json.dumps(content))
    record = source / "prepare.json"
    fps = float(read_object(record)["fps"]) if record.is_file() else 25.0
    sound = read_audio(source / "aud.wav")[: round((TRAIN + TEST) / fps * 16_000)]
    write_wav(target / "aud.wav", sound)
    return target
