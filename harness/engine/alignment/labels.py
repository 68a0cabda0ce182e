"""Subject and emotion of each sequence, from a CSV file of the user."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.contracts import EMOTIONS, BadInput, EmotionTrack
from harness.files.tables import read_rows

COLUMNS = ("name", "subject", "emotion", "intensity")


@dataclass(frozen=True)
class Label:
    """One line: subject and, if known, emotion (of `EMOTIONS`) and intensity (1 to 3)."""

    subject: str
    emotion: str | None = None
    intensity: int | None = None

    def track(self, count: int) -> EmotionTrack | None:
        """The label as a per-frame signal; None where no emotion is known."""
        if self.emotion is None:
            return None
        label = EMOTIONS.index(self.emotion)
        return EmotionTrack(
            np.full(count, label, np.int64), np.full(count, self.intensity or 1, np.int64)
        )


def read_labels(path: Path, names: list[str]) -> dict[str, Label]:
    """Labels of the given sequences.

    Args:
        path: a CSV with a header `name,subject,emotion,intensity`; emotion and intensity
            may be empty.
        names: sequences, each of which must have a line.

    Raises:
        BadInput: no such file, another header, an unknown emotion, an intensity other than 1, 2
            or 3, a name twice, or a sequence without a line.

    """
    labels: dict[str, Label] = {}
    head, rows = read_rows(path)
    if tuple(head) != COLUMNS:
        raise BadInput(path, f"its header is {','.join(head)!r}", f"Write {','.join(COLUMNS)}.")
    lines = [dict(zip(head, row, strict=True)) for row in rows]
    for number, line in enumerate(lines, start=2):
        where = f"{path}, line {number}"
        name, emotion = line["name"], line["emotion"] or None
        if name in labels:
            raise BadInput(where, f"{name!r} already has a line", "Keep one line per sequence.")
        if emotion is not None and emotion not in EMOTIONS:
            cure = f"Use one of {', '.join(EMOTIONS)}, or leave it empty."
            raise BadInput(where, f"{emotion!r} is not a known emotion", cure)
        if line["intensity"] not in ("", "1", "2", "3"):
            fact = f"the intensity is {line['intensity']!r}"
            raise BadInput(where, fact, "Use 1, 2 or 3, or leave it empty.")
        intensity = int(line["intensity"]) if line["intensity"] else None
        labels[name] = Label(line["subject"], emotion, intensity)
    missing = [name for name in names if name not in labels]
    if missing:
        shown = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
        fact = f"{len(missing)} of {len(names)} sequences have no line: {shown}"
        raise BadInput(path, fact, "Add a line for each sequence.")
    return {name: labels[name] for name in names}
