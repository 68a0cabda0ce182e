"""Cross-fitting: every training frame gets features from networks that never saw its label.

The deformation network is trained on the features of training frames and used on those of
test frames. Were the former predicted in-sample they would be far more exact than the latter
ever are, and the deformation would learn to trust them too much.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np


def assign_folds(counts: Sequence[int], fps: float, folds: int, block_seconds: float) -> np.ndarray:
    """Fold of every frame, int64 [sum of counts].

    Each sequence is cut into equal contiguous blocks of about `block_seconds` (in all at least
    two for each fold), dealt out to the folds in turn, on from one sequence to the next. A block
    is a phrase: much longer than a syllable, so that its frames are new to networks that did not
    see it, and short enough that its mood and manner also occur in other blocks, as those of a
    test part do.

    Args:
        counts: frames of each sequence.
        fps: frames per second.
        folds: how many.
        block_seconds: length of a block.

    """
    numbers, first = [], 0
    for count in counts:
        fewest = math.ceil(2 * folds * count / sum(counts))
        blocks = min(max(fewest, round(count / fps / block_seconds)), count)
        numbers.append(first + np.arange(count) * blocks // count)
        first += blocks
    return np.concatenate(numbers) % folds


def held_out_sets(folds: int) -> list[tuple[int, ...]]:
    """Folds that each network of the nested scheme must not see: singles, then pairs.

    The style network of fold k is trained on content features of the other folds j; these
    come from the network that saw neither j nor k.
    """
    return [(k,) for k in range(folds)] + list(combinations(range(folds), 2))
