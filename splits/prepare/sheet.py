"""The contact sheet of a prepared folder: what a person looks at before training for hours."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

from harness.files.pictures import read_picture
from splits.prepare import plates

#: Frames shown besides the worst, and pixels of their height.
_FRAMES, _HEIGHT = 5, 200

#: Times by which differences are shown brighter, and the colour of outlines.
_BRIGHTER, _OUTLINE = 4, (255, 220, 0)

_TEXT, _PAPER = (30, 30, 30), (255, 255, 255)


def write_sheet(
    folder: Path, points: np.ndarray, opening: np.ndarray, audio: np.ndarray, psnr: np.ndarray
) -> Path:
    """Write `prepared.png`: frames with landmarks and mask, truth, difference, plate, sound.

    Args:
        folder: a prepared sequence, complete.
        points: landmarks float [T,478,2], pixels.
        opening: of the mouth, float [T].
        audio: float32 [S], of the same time.
        psnr: of the composite of every frame, dB, float [T].

    Returns:
        The file.

    """
    count = len(points)
    even = np.linspace(0, count - 1, min(_FRAMES, count)).round().astype(int).tolist()
    chosen = list(dict.fromkeys([*even, int(psnr.argmin())]))
    columns = [_column(folder, t, points[t], float(psnr[t])) for t in chosen]
    plate = _small(read_picture(folder / "bc.jpg"))
    label = _titled(plate, "background plate")
    columns.append(np.pad(label, ((0, len(columns[0]) - len(label)), (0, 0), (0, 0)),
                          constant_values=255))  # fmt: skip
    top = np.concatenate(columns, axis=1)
    sheet = np.concatenate([top, _curves(top.shape[1], opening, audio)], axis=0)
    Image.fromarray(sheet).save(folder / "prepared.png")
    return folder / "prepared.png"


def _column(folder: Path, t: int, points: np.ndarray, psnr: float) -> np.ndarray:
    """One frame four times: with landmarks, with its mask, as ground truth, and the difference."""
    frame = read_picture(folder / "ori_imgs" / f"{t}.jpg")
    truth = read_picture(folder / "gt_imgs" / f"{t}.jpg")
    parsing = read_picture(folder / "parsing" / f"{t}.png")
    scale = _HEIGHT / len(frame)
    marked = _small(frame)
    for x, y in points * scale:
        cv2.circle(marked, (int(x), int(y)), 0, _OUTLINE, -1)
    subject = (parsing != 255).any(-1).astype(np.uint8)
    outline = _small(subject * 255) > 127
    edge = plates.edge(outline)
    masked = _small(frame)
    masked[~outline] = masked[~outline] // 3
    masked[edge] = _OUTLINE
    off = np.abs(frame.astype(int) - truth) * _BRIGHTER
    rows = [
        (marked, f"frame {t}"),
        (masked, "mask"),
        (_small(truth), f"truth, {psnr:.1f} dB"),
        (_small(np.clip(off, 0, 255).astype(np.uint8)), f"difference x {_BRIGHTER}"),
    ]
    return np.concatenate([_titled(image, title) for image, title in rows], axis=0)


def _small(image: np.ndarray) -> np.ndarray:
    width = round(image.shape[1] * _HEIGHT / image.shape[0])
    return cv2.resize(image, (width, _HEIGHT), interpolation=cv2.INTER_AREA)


def _titled(image: np.ndarray, title: str) -> np.ndarray:
    canvas = Image.new("RGB", (image.shape[1] + 8, image.shape[0] + 22), _PAPER)
    canvas.paste(Image.fromarray(image), (4, 18))
    ImageDraw.Draw(canvas).text((6, 3), title, fill=_TEXT)
    return np.asarray(canvas)


def _curves(width: int, opening: np.ndarray, audio: np.ndarray) -> np.ndarray:
    """Mouth opening above the loudness of the sound, over the whole time."""
    height = 120
    canvas = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(canvas)
    blocks = np.array_split(np.asarray(audio, np.float64), len(opening))
    loudness = np.array([np.sqrt(np.mean(block**2)) if len(block) else 0.0 for block in blocks])
    for row, (values, title, colour) in enumerate(
        ((opening, "mouth opening", (200, 60, 40)), (loudness, "loudness", (40, 90, 180)))
    ):
        low, high = float(values.min()), float(values.max())
        scaled = (values - low) / max(high - low, 1e-9)
        bottom = (row + 1) * height // 2 - 6
        x = np.linspace(8, width - 8, len(values))
        line = list(zip(x.tolist(), (bottom - 36 * scaled).tolist(), strict=True))
        if len(line) > 1:
            draw.line(line, fill=colour, width=1)
        draw.text((8, row * height // 2 + 1), title, fill=colour)
    return np.asarray(canvas)
