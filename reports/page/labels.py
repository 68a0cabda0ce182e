"""Places for the labels of marks in a picture, so that no two texts overlap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

#: Pixels of a label's line, and of a character of it on average, at the picture's text size.
LINE, CHARACTER = 15.0, 7.2

#: Pixels around a mark that no label may cover.
MARK = 6.0

#: Distances of a label from its mark; beyond the first a line leads to it.
RADII = (9.0, 22.0, 40.0)

Box = tuple[float, float, float, float]


def overlap(a: Box, b: Box) -> bool:
    """Whether two boxes (left, top, right, bottom) share any pixel."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def point(mark: dict[str, Any]) -> Box:
    """What a mark covers."""
    x, y = mark["x"], mark["y"]
    return (x - MARK, y - MARK, x + MARK, y + MARK)


def bars(mark: dict[str, Any]) -> Iterator[Box]:
    """What the intervals of a mark cover."""
    x, y = mark["x"], mark["y"]
    if mark["across"]:
        left, right = sorted(mark["across"])
        yield (left, y - 2, right, y + 2)
    if mark["down"]:
        top, bottom = sorted(mark["down"])
        yield (x - 2, top, x + 2, bottom)


def candidates(x: float, y: float, width: float) -> Iterator[tuple[Box, bool]]:
    """Boxes for a label around a mark, the best first, and whether each is beside the mark."""
    for radius in RADII:
        slope = 0.7 * radius
        for dx, dy in (
            (radius, 0.0), (-radius, 0.0), (slope, -slope), (slope, slope), (-slope, -slope),
            (-slope, slope), (0.0, -radius), (0.0, radius),
        ):  # fmt: skip
            left = x + dx if dx > 0 else x + dx - width if dx < 0 else x - width / 2
            middle = y + dy + (0.0 if dx else (LINE / 2 if dy > 0 else -LINE / 2))
            box = (left, middle - LINE / 2, left + width, middle + LINE / 2)
            yield box, radius == RADII[0]


def place(marks: Sequence[dict[str, Any]], frame: Box) -> list[tuple[int, str]]:
    """Give every mark `text`, `at` (left end of the text's base line) and `leader`.

    A label stands clear of all marks and labels, and of intervals where it can. Where there is no
    room for all of them, numbers from left to right stand for all.

    Args:
        marks: with x, y, across, down, label; pixels.
        frame: where labels may be.

    Returns:
        (number, label) of the marks, from left to right; nothing where labels have room.

    """
    order = sorted(marks, key=lambda mark: mark["x"])
    if write(order, [one["label"] for one in order], frame):
        return []
    write(order, [str(number) for number in range(1, len(order) + 1)], frame)
    return [(number, one["label"]) for number, one in enumerate(order, 1)]


def write(marks: Sequence[dict[str, Any]], texts: Sequence[str], frame: Box) -> bool:
    """Give every mark a text; False where one stands on another, or on a mark."""
    lines = [box for one in marks for box in bars(one)]
    taken, clear = [point(one) for one in marks], True
    for one, text in zip(marks, texts, strict=True):
        width = CHARACTER * len(text) + 2
        box, near = free(one, width, frame, [*taken, *lines])
        if box is None:
            box, near = free(one, width, frame, taken)
        if box is None:
            clear, box = False, next(candidates(one["x"], one["y"], width))[0]
        taken.append(box)
        one["text"] = text
        one["at"] = (round(box[0] + 1, 1), round(box[3] - 4, 1))
        end = min(max(one["x"], box[0]), box[2]), min(max(one["y"], box[1] + 3), box[3] - 3)
        one["leader"] = None if near else tuple(round(v, 1) for v in end)
    return clear


def free(
    mark: dict[str, Any], width: float, frame: Box, taken: Sequence[Box]
) -> tuple[Box | None, bool]:
    """The best free place for a label, and whether it is beside its mark; (None, True) for none."""
    for box, near in candidates(mark["x"], mark["y"], width):
        inside = frame[0] <= box[0] and box[2] <= frame[2] and frame[1] <= box[1]
        if inside and box[3] <= frame[3] and not any(overlap(box, other) for other in taken):
            return box, near
    return None, True
