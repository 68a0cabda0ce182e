"""Searches of TalkingGaussian's trainers that never end, detected before training starts.

`train_mouth.py` and `train_face.py` draw training frames until one has an open enough mouth or
closed enough eyes for the step; if no frame has, they loop forever without a message. DEGSTalk
and the authors' UA-3DTalk keep these loops (Fictionarry/TalkingGaussian `train_mouth.py`,
`train_face.py`, and `scene/dataset_readers.py` for the values).
"""

from __future__ import annotations

import numpy as np

from harness.contracts import BadInput, Sequence
from harness.media.openface import Table

#: Steps before motion is learned, and steps between the end of the search and of the training.
WARM, TAIL = 3_000, 10_000
#: Fewest steps for which the schedules run forward: the one of `train_mouth.py` ends 11,000 steps
#: before the last and must end after WARM.
FEWEST = WARM + TAIL + 1_000 + 1
_CURE = "Use a longer sequence, or one with speech and blinks in its training part."


def check_searches(sequence: Sequence, table: Table, iterations: int | None = None) -> None:
    """Refuse a sequence on which a trainer would search forever.

    Args:
        sequence: the training part, with its landmarks and masks.
        table: `au.csv`, test part included: the trainers take a percentile over all its rows.
        iterations: steps of a branch; None: only what no number of steps makes end.

    Raises:
        BadInput: names the search and the numbers.

    """
    if iterations is not None and iterations < FEWEST:
        fact = f"with {iterations} steps a branch its schedule runs backwards and never ends"
        raise BadInput("--set iterations", fact, f"Use {FEWEST} or more, or 0 for its own 50,000.")
    name, count = f"{sequence.id} (training part)", len(sequence.frames)
    au25, au45 = table.intensities(("AU25", "AU45"), range(len(table.rows))).T
    widest = np.percentile(au25, 95)
    found = float(np.clip(au25[:count], 0, widest).max())
    if found < min(widest, au25.max()):
        fact = f"its AU25 reaches {found:.2f}, and frames of {widest:.2f} are searched for"
        raise BadInput(name, fact, _CURE)
    masks = sequence.signal("masks")
    if not any(masks.region("mouth", t).sum() >= 20 for t in range(count)):
        fact = "no frame shows 20 pixels of the inside of the mouth, and one is searched for"
        raise BadInput(name, fact, _CURE)
    # Blinks are searched for from `start` of their range up, lips from its bottom up to `stop`.
    start, stop = (1.0, 0.0) if iterations is None else (WARM / (iterations - TAIL),) * 2
    blinks = np.clip(au45[:count], 0, 2) / 2
    gap = _empty(blinks, np.linspace(start, 1, 500), 0.15, 0.3)
    if gap is not None:
        fact = f"no frame has AU45 in {2 * (gap - 0.15):.2f}..{2 * (gap + 0.3):.2f}, and one is "
        fact += f"searched for (its largest is {2 * blinks.max():.2f})"
        raise BadInput(name, fact, _CURE)
    rows = sequence.signal("landmarks")[:, 60:68, 1].astype(int)
    heights = rows.max(1) - rows.min(1)
    low = heights.min() + 0.2 * (heights.max() - heights.min())
    span = heights.max() - low
    gap = _empty(heights, low + np.linspace(0, stop, 50) * span, 0.2 * span, 0.2 * span)
    if gap is not None:
        fact = f"no frame has lips {gap:.1f} pixels apart (within {0.2 * span:.1f}), and one is "
        raise BadInput(name, f"{fact}searched for", _CURE)


def _empty(values: np.ndarray, centres: np.ndarray, below: float, above: float) -> float | None:
    """The first centre in whose window [centre - below, centre + above] no value lies."""
    for centre in centres:
        if not ((values >= centre - below) & (values <= centre + above)).any():
            return float(centre)
    return None
