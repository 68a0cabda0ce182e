"""Searches of TalkingGaussian's trainers that never end, detected before training starts.

`train_mouth.py` and `train_face.py` draw training frames until one has an open enough mouth or
closed enough eyes for the step; if no frame has, they loop forever without a message. DEGSTalk
and the authors' UA-3DTalk keep these loops (Fictionarry/TalkingGaussian `train_mouth.py`,
`train_face.py`, and `scene/dataset_readers.py` for the values).
"""

from __future__ import annotations

import numpy as np

from harness.contracts import BadInput, Sequence
from harness.media.openface import read_table

#: Steps before motion is learned, and steps between the end of the search and of the training.
WARM, TAIL = 3_000, 10_000
#: Fewest steps for which the schedules run forward: the one of `train_mouth.py` ends 11,000 steps
#: before the last and must end after WARM.
FEWEST = WARM + TAIL + 1_000 + 1
_CURE = "Use a longer sequence, or one with speech and blinks in its training part."


def check_searches(sequence: Sequence, iterations: int | None = None) -> None:
    """Refuse a sequence on which a trainer would search forever.

    Args:
        sequence: the training part, with its landmarks, masks and folder.
        iterations: steps of a branch; None: only what no number of steps makes end.

    Raises:
        BadInput: names the search and the numbers.

    """
    if iterations is not None and iterations < FEWEST:
        fact = f"with {iterations} steps per branch its schedule runs backwards and never ends"
        raise BadInput("--set iterations", fact, f"Use {FEWEST} or more, or 0 for the default.")
    name, count = f"{sequence.id} (training part)", len(sequence.frames)
    assert sequence.folder is not None
    # With the test part: the trainers take a percentile over all rows.
    table = read_table(sequence.folder / "au.csv")
    au25, au45 = table.intensities(("AU25", "AU45"), range(len(table.rows))).T
    widest = np.percentile(au25, 95)
    found = float(np.clip(au25[:count], 0, widest).max())
    if found < min(widest, au25.max()):
        fact = f"its AU25 reaches {found:.2f}, but the trainer searches for {widest:.2f}"
        raise BadInput(name, fact, _CURE)
    masks = sequence.signal("masks")
    if not any(masks.region("mouth", t).sum() >= 20 for t in range(count)):
        fact = "no frame shows 20 pixels of the inside of the mouth, but the trainer needs one"
        raise BadInput(name, fact, _CURE)
    # Blinks are searched for from `start` of their range up, lips from its bottom up to `stop`.
    start, stop = (1.0, 0.0) if iterations is None else (WARM / (iterations - TAIL),) * 2
    blinks = np.clip(au45[:count], 0, 2) / 2
    gap = _empty(blinks, np.linspace(start, 1, 500), 0.15, 0.3)
    if gap is not None:
        fact = f"no frame has AU45 in {2 * (gap - 0.15):.2f}..{2 * (gap + 0.3):.2f} "
        fact += f"(its maximum is {2 * blinks.max():.2f}), but the trainer searches for one"
        raise BadInput(name, fact, _CURE)
    rows = sequence.signal("landmarks")[:, 60:68, 1].astype(int)
    heights = rows.max(1) - rows.min(1)
    low = heights.min() + 0.2 * (heights.max() - heights.min())
    span = heights.max() - low
    gap = _empty(heights, low + np.linspace(0, stop, 50) * span, 0.2 * span, 0.2 * span)
    if gap is not None:
        fact = f"no frame has lips {gap:.1f} pixels apart (within {0.2 * span:.1f})"
        raise BadInput(name, f"{fact}, but the trainer searches for one", _CURE)


def _empty(values: np.ndarray, centres: np.ndarray, below: float, above: float) -> float | None:
    """The first centre in whose window [centre - below, centre + above] no value lies."""
    for centre in centres:
        if not ((values >= centre - below) & (values <= centre + above)).any():
            return float(centre)
    return None
