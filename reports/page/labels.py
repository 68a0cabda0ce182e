"""Places for the labels of marks in a picture, so that no two texts overlap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

#: Pixels of a label's line, and of a character of it on average, at the picture's text size.
LINE, CHARACTER = 15.0, 6.7

#: Pixels around a mark that no label may cover.
MARK = 6.0

#: Distances of a label from its mark; beyond the first a line leads to it.
RADII = (9.0, 22.0, 40.0)

Box = tuple[float, float, float, float]


def overlap(a: Box, b: Box) -> bool:
    """Whether two boxes (left, top, right, bottom) share any pixel."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def obstacles(mark: dict[str, Any]) -> list[Box]:
    """What a mark covers: itself and its intervals."""
    x, y = mark["x"], mark["y"]
    found = [(x - MARK, y - MARK, x + MARK, y + MARK)]
    if mark["across"]:
        left, right = sorted(mark["across"])
        found.append((left, y - 2, right, y + 2))
    if mark["down"]:
        top, bottom = sorted(mark["down"])
        found.append((x - 2, top, x + 2, bottom))
    return found


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

    Args:
        marks: with x, y, across, down, label; pixels.
        frame: where labels may be.

    Returns:
        (number, label) of marks whose label found no place; their text is the number.

    """
    taken = [box for one in marks for box in obstacles(one)]
    numbered: list[tuple[int, str]] = []
    for one in marks:
        texts = [one["label"], str(len(numbered) + 1)]
        for text in texts:
            width = CHARACTER * len(text) + 2
            free = (
                (box, near)
                for box, near in candidates(one["x"], one["y"], width)
                if box[0] >= frame[0] and box[2] <= frame[2]
                and box[1] >= frame[1] and box[3] <= frame[3]
                and not any(overlap(box, other) for other in taken)
            )  # fmt: skip
            box, near = next(free, (None, True))
            if box is not None:
                break
        if text != one["label"]:
            numbered.append((len(numbered) + 1, one["label"]))
        if box is None:  # not even the number: it stands on its neighbours
            box = next(candidates(one["x"], one["y"], width))[0]
        taken.append(box)
        one["text"] = text
        one["at"] = (round(box[0] + 1, 1), round(box[3] - 4, 1))
        end = min(max(one["x"], box[0]), box[2]), min(max(one["y"], box[1] + 3), box[3] - 3)
        one["leader"] = None if near else tuple(round(v, 1) for v in end)
    return numbered
