"""Curves over time: mouth and sound, and how true the ground truth is in every frame."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from harness.lipsync.visemes import RATE, expected_opening
from splits.prepare.fidelity import REFUSED, USUAL_LEAST, USUAL_MEAN
from splits.prepare.sheet.drawing import ALARM, FAINT, SMALL, SPACE, TEXT, Colour, paper, write

#: Seconds of mouth and sound that are shown, so that single syllables can be told apart.
SHOWN = 8.0

_HEIGHT, _LEFT = 130, 60
_MOUTH, _SOUND = (200, 60, 40), (40, 90, 180)

#: Decibels at the lower and upper edge of the plot of fidelity; values beyond lie on the edge.
_LOW, _HIGH = 25.0, 50.0


def mouth_and_sound(
    width: int, opening: np.ndarray, audio: np.ndarray, fps: float, said: str
) -> np.ndarray:
    """How the mouth opens, and how the sound would have it open, over the liveliest seconds.

    Args:
        width: pixels.
        opening: that is seen, float [T].
        audio: float32 [S] at 16 kHz, of the same time.
        fps: frames per second.
        said: about the offset, for the title.

    """
    seconds = len(opening) / fps
    first = _liveliest(opening, fps)
    span = min(SHOWN, seconds)
    canvas, draw, x_of = _axes(width, first, first + span)
    write(canvas, (SPACE, 0), f"Mouth and sound: {said}")
    write(canvas, (_LEFT, SMALL + 6), "opening that is seen", ink=_MOUTH)
    write(canvas, (_LEFT + 180, SMALL + 6), "opening that the speech calls for", ink=_SOUND)
    seen = (np.arange(len(opening)) + 0.5) / fps, opening, _MOUTH
    wanted = expected_opening(audio)
    called = (np.arange(len(wanted)) + 0.5) / RATE, wanted, _SOUND
    for times, values, ink in (seen, called):
        inside = (times >= first) & (times <= first + span)
        _line(draw, x_of(times[inside]), _scaled(values[inside]), ink)
    return np.asarray(canvas)


def fidelity(width: int, psnr: np.ndarray, fps: float) -> np.ndarray:
    """PSNR of every frame's ground truth, with the limits, float [T] in dB."""
    canvas, draw, x_of = _axes(width, 0.0, len(psnr) / fps)
    title = "Ground truth against the video, PSNR of every frame in dB"
    write(canvas, (SPACE, 0), f"{title}: mean {psnr.mean():.1f}, worst {psnr.min():.1f}")
    level = lambda value: 1 - (np.clip(value, _LOW, _HIGH) - _LOW) / (_HIGH - _LOW)  # noqa: E731
    for limit, ink in ((USUAL_MEAN, FAINT), (USUAL_LEAST, FAINT), (REFUSED, ALARM)):
        y = _top(level(limit))
        draw.line([(_LEFT, y), (width - SPACE, y)], fill=ink)
        write(canvas, (_LEFT - 26, y - SMALL / 2 - 2), f"{limit:g}", ink=ink)
    times = (np.arange(len(psnr)) + 0.5) / fps
    _line(draw, x_of(times), 1 - level(psnr), TEXT)
    return np.asarray(canvas)


def _liveliest(opening: np.ndarray, fps: float) -> float:
    """Where those seconds begin in which the mouth moves most."""
    length = round(SHOWN * fps)
    if len(opening) <= length:
        return 0.0
    moved = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(opening)))])
    starts = np.arange(0, len(opening) - length, max(1, round(fps)))
    best = int(starts[np.argmax(moved[starts + length - 1] - moved[starts])])
    return best / fps


def _axes(
    width: int, first: float, last: float
) -> tuple[Image.Image, ImageDraw.ImageDraw, Callable[[np.ndarray], np.ndarray]]:
    """A canvas with a scale of seconds, and pixels of times."""
    canvas = paper(_HEIGHT + SMALL + SPACE, width)
    draw = ImageDraw.Draw(canvas)

    def x_of(times: np.ndarray) -> np.ndarray:
        return _LEFT + (np.asarray(times) - first) / (last - first) * (width - _LEFT - SPACE)

    step = next(
        s for s in (1, 2, 5, 10, 30, 60, 300, 1800) if (last - first) / s <= 14 or s == 1800
    )
    for mark in np.arange(np.ceil(first / step) * step, last, step):
        x = float(x_of(mark))
        draw.line([(x, _top(0)), (x, _HEIGHT)], fill=(235, 235, 235))
        write(canvas, (x + 2, _HEIGHT), f"{mark:g} s", ink=FAINT)
    return canvas, draw, x_of


def _top(share: float) -> float:
    """Row of a share of the plot's height, from its top."""
    first = 2 * SMALL + 14
    return first + share * (_HEIGHT - first)


def _scaled(values: np.ndarray) -> np.ndarray:
    low, high = (values.min(), values.max()) if len(values) else (0.0, 0.0)
    return (values - low) / max(high - low, 1e-9)


def _line(draw: ImageDraw.ImageDraw, x: np.ndarray, heights: np.ndarray, ink: Colour) -> None:
    points = [(float(a), _top(1 - float(b))) for a, b in zip(x, heights, strict=True)]
    if len(points) > 1:
        draw.line(points, fill=ink, width=2)
