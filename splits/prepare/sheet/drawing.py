"""Text and pictures on paper: what both halves of the sheet are drawn with."""

from __future__ import annotations

import textwrap

import numpy as np
from PIL import Image, ImageDraw, ImageFont

#: Sizes of letters and the space between things, pixels; colours as RGB.
LARGE, SMALL, SPACE = 18, 14, 8
PAPER, TEXT, FAINT, ALARM = (255, 255, 255), (30, 30, 30), (120, 120, 120), (190, 30, 20)

Colour = tuple[int, int, int]


def paper(height: int, width: int) -> Image.Image:
    """A white picture."""
    return Image.new("RGB", (width, height), PAPER)


def write(
    canvas: Image.Image, at: tuple[float, float], text: str, size: int = SMALL, ink: Colour = TEXT
) -> None:
    """Write one line, its upper left corner at (x, y)."""
    ImageDraw.Draw(canvas).text(at, text, fill=ink, font=ImageFont.load_default(size=size))


def wrapped(text: str, width: int, size: int = SMALL) -> list[str]:
    """Lines of a text that fit into so many pixels."""
    letter = ImageFont.load_default(size=size).getlength("n")
    return textwrap.wrap(text, max(10, int(width / letter)))


def block(lines: list[tuple[str, Colour]], width: int, size: int = SMALL) -> np.ndarray:
    """Paragraphs below each other, each in its ink, uint8 RGB [h,width,3]."""
    step = round(1.35 * size)
    broken = [(line, ink) for text, ink in lines for line in wrapped(text, width - 16, size)]
    canvas = paper(step * len(broken) + SPACE, width)
    for row, (line, ink) in enumerate(broken):
        write(canvas, (SPACE, row * step), line, size, ink)
    return np.asarray(canvas)


def titled(image: np.ndarray, title: str, ink: Colour = TEXT) -> np.ndarray:
    """A picture uint8 RGB [h,w,3] below its title."""
    canvas = paper(image.shape[0] + 2 * SPACE + SMALL, image.shape[1] + SPACE)
    canvas.paste(Image.fromarray(image), (SPACE // 2, SMALL + SPACE))
    write(canvas, (SPACE // 2, 2), title, ink=ink)
    return np.asarray(canvas)


def stacked(parts: list[np.ndarray]) -> np.ndarray:
    """Pictures below each other, filled up with paper at their right."""
    width = max(part.shape[1] for part in parts)
    wide = [((0, 0), (0, width - part.shape[1]), (0, 0)) for part in parts]
    filled = [np.pad(p, w, constant_values=255) for p, w in zip(parts, wide, strict=True)]
    return np.concatenate(filled, axis=0)


def beside(parts: list[np.ndarray]) -> np.ndarray:
    """Pictures beside each other, filled up with paper below."""
    return stacked([part.transpose(1, 0, 2) for part in parts]).transpose(1, 0, 2)
