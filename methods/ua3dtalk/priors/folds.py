"""Cross-fitting: every training frame gets features from networks that never saw its label.

The deformation network is trained on the features of training frames and used on those of
test frames. Were the former predicted in-sample they would be far more exact than the latter
ever are, and the deformation would learn to trust them too much.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np


def assign_folds(count: int, fps: float, folds: int, block_seconds: float) -> np.ndarray:
    """Fold of every frame, int64 [count].

    The part is cut into equal contiguous blocks of about `block_seconds` (at least two for each
    fold), dealt out to the folds in turn. A block is a phrase: much longer than a syllable, so
    that its frames are news to networks that did not see it, and short enough that its mood and
    manner were heard elsewhere, as those of a test part were.
    """
    blocks = max(2 * folds, round(count / fps / block_seconds))
    return np.arange(count) * min(blocks, count) // count % folds


def held_out_sets(folds: int) -> list[tuple[int, ...]]:
    """Folds that each network of the nested scheme must not see: singles, then pairs.

    The style network of fold k is trained on content features of the other folds j; these
    come from the network that saw neither j nor k.
    """
    return [(k,) for k in range(folds)] + list(combinations(range(folds), 2))
