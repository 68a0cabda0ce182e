"""The whole sheet: what was found, frames with masks and layers, curves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from harness.files.pictures import read_picture
from harness.lipsync.offset import Offset, sentence
from splits.prepare import plates
from splits.prepare.regions import COLOURS, FACE, HAIR, MOUTH, NECK
from splits.prepare.sheet import curves
from splits.prepare.sheet.drawing import (
    ALARM,
    LARGE,
    TEXT,
    Colour,
    beside,
    block,
    stacked,
    titled,
)

#: Frames shown besides the worst, and pixels of their height.
_FRAMES, _HEIGHT = 5, 220

#: Times by which differences are shown brighter.
_BRIGHTER = 8

#: Tints of the layers, and the colour of marks.
_HEAD, _TORSO, _MARK = (255, 140, 0), (60, 130, 255), (255, 220, 0)

_LEGEND = (
    "Row 1: landmarks. They must lie on eyes, nose and lips.",
    "Row 2: layers. Orange is the head with hair, beard and glasses, down to the jaw; blue is neck "
    "and torso with hair that hangs on it. Dark is background: nothing of the person may be dark.",
    "Row 3: ground truth, that is head, torso and plate put together. It must look as row 1, "
    "without its marks.",
    f"Row 4: how it differs from the video, {_BRIGHTER} times brighter. Black is right. Bright "
    "hair: the mask misses some. Bright all over: the background moves.",
)


def write_sheet(
    folder: Path,
    points: np.ndarray,
    opening: np.ndarray,
    audio: np.ndarray,
    psnr: np.ndarray,
    record: dict[str, Any],
    said: Sequence[str],
) -> Path:
    """Write `prepared.png`.

    Args:
        folder: a prepared sequence, complete.
        points: landmarks float [T,478,2], pixels.
        opening: of the mouth, float [T].
        audio: float32 [S] at 16 kHz, of the same time.
        psnr: of the composite of every frame, dB, float [T].
        record: of `prepare.json`.
        said: what is doubtful, one sentence each.

    Returns:
        The file.

    """
    count, fps = len(points), record["fps"]
    even = np.linspace(0, count - 1, min(_FRAMES, count)).round().astype(int).tolist()
    worst = int(psnr.argmin())
    background = read_picture(folder / "bc.jpg")
    columns = [
        _column(folder, t, points[t], float(psnr[t]), background, ", the worst" * (t == worst))
        for t in sorted({*even, worst})
    ]
    plate = titled(_small(background), "background plate")
    key = stacked([block([(text, TEXT)], plate.shape[1]) for text in _LEGEND])
    body = beside([np.concatenate(columns, axis=1), stacked([plate, key])])
    width = body.shape[1]
    offset = Offset(**record["audio_offset"])
    late = sentence(record["source"], offset).partition(": ")[2]
    sheet = stacked(
        [
            block([(_headline(record), TEXT)], width, LARGE),
            block(_verdict(said), width),
            body,
            curves.mouth_and_sound(width, opening, audio, fps, late or _in_time(offset)),
            curves.fidelity(width, psnr, fps),
        ]
    )
    Image.fromarray(sheet).save(folder / "prepared.png")
    return folder / "prepared.png"


def _headline(record: dict[str, Any]) -> str:
    seconds = record["frames"] / record["fps"]
    return (
        f"{record['source']}: {record['frames']} frames at {record['fps']:g} a second "
        f"({seconds:.1f} s), masks by {record['masks']}"
    )


def _verdict(said: Sequence[str]) -> list[tuple[str, Colour]]:
    if not said:
        return [("Nothing is doubtful.", TEXT)]
    return [(text, ALARM) for text in said]


def _in_time(offset: Offset) -> str:
    if offset.peak <= 0:
        return "too short to compare."
    return f"no clear offset; red and blue should rise together (correlation {offset.unmoved:.2f})."


def _column(
    folder: Path, t: int, points: np.ndarray, psnr: float, background: np.ndarray, remark: str
) -> np.ndarray:
    """One frame four times: with landmarks, in layers, as ground truth, and the difference."""
    frame = read_picture(folder / "ori_imgs" / f"{t}.jpg")
    truth = read_picture(folder / "gt_imgs" / f"{t}.jpg")
    torso = np.asarray(Image.open(folder / "torso_imgs" / f"{t}.png"))
    labels = labels_of(read_picture(folder / "parsing" / f"{t}.png"))
    marked = _small(frame)
    for x, y in points * (_HEIGHT / len(frame)):
        cv2.circle(marked, (int(x), int(y)), 0, _MARK, -1)
    made = plates.put_together(truth, torso, labels, background)
    off = np.clip(np.abs(frame.astype(int) - made) * _BRIGHTER, 0, 255).astype(np.uint8)
    rows = [
        (marked, f"frame {t}{remark}"),
        (_small(layers(frame, labels)), "layers"),
        (_small(made), f"ground truth, {psnr:.1f} dB"),
        (_small(off), f"difference x {_BRIGHTER}"),
    ]
    return np.concatenate([titled(image, title) for image, title in rows], axis=0)


def labels_of(parsing: np.ndarray) -> np.ndarray:
    """Region labels uint8 [H,W] of a file's colours uint8 RGB [H,W,3]."""
    apart = np.abs(parsing[..., None, :].astype(int) - COLOURS).sum(-1)
    return apart.argmin(-1).astype(np.uint8)


def layers(frame: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """A frame with head and torso tinted and the background darkened, uint8 RGB [H,W,3]."""
    head = np.isin(labels, (FACE, HAIR, MOUTH))
    shown = np.where((labels > 0)[..., None], 0.7 * frame, 0.3 * frame)
    shown[head] += 0.3 * np.array(_HEAD)
    shown[labels >= NECK] += 0.3 * np.array(_TORSO)
    shown[plates.edge(head)] = _HEAD
    return shown.astype(np.uint8)


def _small(image: np.ndarray) -> np.ndarray:
    width = round(image.shape[1] * _HEIGHT / image.shape[0])
    return cv2.resize(image, (width, _HEIGHT), interpolation=cv2.INTER_AREA)
