"""Searches of TalkingGaussian's trainers that never end, found out before anything is started.

`train_mouth.py` and `train_face.py` draw training frames until one has an open enough mouth or
closed enough eyes for the step; where no frame has, they draw for ever, without a word. DEGSTalk
and the authors' UA-3DTalk keep these loops (Fictionarry/TalkingGaussian `train_mouth.py`,
`train_face.py`, and `scene/dataset_readers.py` for the values).
"""

from __future__ import annotations

import numpy as np

from harness.contracts import BadInput, Sequence

#: Steps before the motion is learnt, and those that the search ends before the training does.
WARM, TAIL = 3_000, 10_000
#: Steps from which on the searches run in the direction that they are meant to: the one of
#: `train_mouth.py` ends 11,000 before the last, and must end after WARM.
FEWEST = WARM + TAIL + 1_000 + 1
_CURE = "Give a longer recording, or one in which the person speaks and blinks in the training part"


def check_searches(sequence: Sequence, au25: np.ndarray, au45: np.ndarray, iterations: int) -> None:
    """Refuse a recording on which a trainer would search for ever.

    Args:
        sequence: the training part, with its landmarks and masks.
        au25: intensities of AU25 in all rows of `au.csv`, test part included; their percentile
            is taken over all of them.
        au45: intensities of AU45, the same.
        iterations: steps of a branch.

    Raises:
        BadInput: names the search and the numbers.

    """
    if iterations < FEWEST:
        fact = f"with {iterations} steps a branch its schedule runs backwards and never ends"
        raise BadInput("--set iterations", fact, f"Use {FEWEST} or more, or 0 for its own 50,000.")
    name, count = sequence.id, len(sequence.frames)
    widest = np.percentile(au25, 95)
    found = float(np.clip(au25[:count], 0, widest).max())
    if found < min(widest, au25.max()):
        fact = f"it opens the mouth to AU25 {found:.2f}, and frames of {widest:.2f} are searched"
        raise BadInput(f"{name} (training part)", fact, f"{_CURE}.")
    masks = sequence.signal("masks")
    if not any(masks.region("mouth", t).sum() >= 20 for t in range(count)):
        fact = "no frame shows 20 pixels of the inside of the mouth, and one is searched"
        raise BadInput(f"{name} (training part)", fact, f"{_CURE}.")
    last = iterations - TAIL
    blinks = np.clip(au45[:count], 0, 2) / 2
    gap = _empty(blinks, np.linspace(WARM / last, 1, 500), 0.15, 0.3)
    if gap is not None:
        fact = f"no frame has AU45 in {2 * (gap - 0.15):.2f}..{2 * (gap + 0.3):.2f}, and one is "
        fact += f"searched (its largest is {2 * blinks.max():.2f})"
        raise BadInput(f"{name} (training part)", fact, f"{_CURE}.")
    rows = sequence.signal("landmarks")[:, 60:68, 1].astype(int)
    heights = rows.max(1) - rows.min(1)
    low = heights.min() + 0.2 * (heights.max() - heights.min())
    span = heights.max() - low
    gap = _empty(heights, low + np.linspace(0, WARM / last, 50) * span, 0.2 * span, 0.2 * span)
    if gap is not None:
        fact = f"no frame has lips {gap:.1f} pixels apart (within {0.2 * span:.1f}), and one is "
        raise BadInput(f"{name} (training part)", f"{fact}searched", f"{_CURE}.")


def _empty(values: np.ndarray, centres: np.ndarray, below: float, above: float) -> float | None:
    """The first centre in whose window [centre - below, centre + above] no value lies."""
    for centre in centres:
        if not ((values >= centre - below) & (values <= centre + above)).any():
            return float(centre)
    return None


__all__ = ["FEWEST", "check_searches"]
