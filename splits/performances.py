"""Voices and faces of synthetic subjects without their images, for networks that learn from sound.

Performing takes seconds where drawing takes minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np

from splits.synthetic.recipe import Recipe
from splits.synthetic.schedule import tour

#: The first of the subjects that experts learn from; no split and no metric network has any of
#: them (`splits.synthetic.corpus.training_sequences` begins at 100, with some dozens).
FIRST_IDENTITY = 500


@dataclass(frozen=True)
class Spoken:
    """What a subject says, and how the face moves with it.

    Attributes:
        subject: its name.
        audio: float32 [S] in [-1,1] at 16 kHz.
        controls: float32 [T,24], in the order of `splits.synthetic.controls.CONTROLS`.
        labels: int64 [T] into `EMOTIONS`.
        fps: frames a second.

    """

    subject: str
    audio: np.ndarray
    controls: np.ndarray
    labels: np.ndarray
    fps: float


def synthetic(
    count: int, seed: int = 0, frames: int = 1100, fps: float = 25.0, workers: int = 2
) -> Iterator[Spoken]:
    """Performances of `count` subjects, one each, through all emotions and intensities.

    Args:
        count: how many subjects, at most 500.
        seed: other subjects for another seed.
        frames: of each performance.
        fps: frames a second.
        workers: processes; the result does not depend on it.

    Raises:
        ValueError: more subjects than a seed has.

    """
    if not 0 < count <= 500:
        raise ValueError(f"{count} subjects; a seed has 1 to 500")
    identities = [FIRST_IDENTITY + 1000 * seed + k for k in range(count)]
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(_perform, identities, [frames] * count, [fps] * count)


def _perform(identity: int, frames: int, fps: float) -> Spoken:
    blocks = tour(identity, frames - frames // 11, frames // 11, fps)
    # No image is drawn, so any size will do.
    acted = Recipe(identity, identity, tuple(blocks), 8, 8, fps).perform()
    return Spoken(f"person-{identity}", acted.audio, acted.controls, acted.labels, fps)
