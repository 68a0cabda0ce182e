"""A prepared folder cut to a few frames, to see whether a checkout runs at all."""

from __future__ import annotations

import json
from pathlib import Path

from harness.contracts import BadInput
from methods.external import staging

#: Frames to learn from, and to render. Their code takes windows of 8 frames of sound.
TRAIN, TEST = 30, 3
_CUT = ("transforms_train.json", "transforms_val.json", "aud.wav")


def cut_folder(source: Path, target: Path) -> Path:
    """A folder with the first 33 frames of another: links, and the rewritten lists and sound.

    Args:
        source: a prepared folder; only read.
        target: made.

    Raises:
        BadInput: no prepared folder, or one of fewer frames.

    """
    from harness.media.audio import read_audio, write_wav

    staging.need(source, _CUT, "Make one with `python -m harness prepare VIDEO --out DIR`.")
    contents = {}
    for part in ("train", "val"):
        contents[part] = json.loads((source / f"transforms_{part}.json").read_text("utf-8"))
    frames = contents["train"]["frames"] + contents["val"]["frames"]
    if len(frames) < TRAIN + TEST:
        fact = f"{len(frames)} frames, a smoke run takes {TRAIN + TEST}"
        raise BadInput(source, fact, "Give a longer recording.")
    staging.stage(source, target, but=_CUT)
    for part, chosen in (("train", frames[:TRAIN]), ("val", frames[TRAIN : TRAIN + TEST])):
        content = {**contents[part], "frames": chosen}
        staging.write(target / f"transforms_{part}.json", json.dumps(content))
    record = source / "prepare.json"
    fps = float(json.loads(record.read_text("utf-8"))["fps"]) if record.is_file() else 25.0
    sound = read_audio(source / "aud.wav")[: round((TRAIN + TEST) / fps * 16_000)]
    write_wav(target / "aud.wav", sound)
    return target


__all__ = ["TEST", "TRAIN", "cut_folder"]
