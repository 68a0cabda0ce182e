"""tOF as TecoGAN's metrics.py defines it, by the reference environment's OpenCV."""

from __future__ import annotations

from itertools import pairwise

import cv2
import golden
import numpy as np


def values() -> dict[str, float]:
    """Each pair's difference of flow, and their mean."""
    prediction, truth = golden.moving_clip()
    flows = []
    for frames in (prediction, truth):
        greys = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames[2:-2]]
        flows.append(
            [
                cv2.calcOpticalFlowFarneback(a, b, None, 0.5, 3, 15, 3, 5, 1.2, 0)
                for a, b in pairwise(greys)
            ]
        )
    difference = np.subtract(*flows)
    # 80 rows leave 64 from row 8 on, 112 columns leave 96 from column 8 on.
    ends = np.sqrt((difference[:, 8:72, 8:104] ** 2).sum(-1)).mean((1, 2))
    return {"tof": ends.mean()} | {f"tof_pair_{i}": value for i, value in enumerate(ends)}
