"""Ground-truth frames shifted in time: image quality is perfect and the lips are out of sync.

A circular shift by half of the test part puts every frame as far from its own audio as possible. A
sync metric that scores it like the ground truth does not depend on the audio.
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import BadInput
from methods.baselines.ground_truth.method import GroundTruth
from methods.baselines.shuffled_audio.spec import SPEC


class ShuffledAudio(GroundTruth):
    """An oracle: ground-truth frames, circularly shifted by half of the test part."""

    spec = SPEC

    def order(self, count: int) -> Iterable[int]:
        """Frame (t + count // 2) mod count at every time t.

        Raises:
            BadInput: there is a single frame, which cannot be shifted.

        """
        if count < 2:
            fact = f"a test part of {count} frame cannot be shifted"
            raise BadInput(SPEC.id, fact, "Use a longer sequence.")
        return ((t + count // 2) % count for t in range(count))
