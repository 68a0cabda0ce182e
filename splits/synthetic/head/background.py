"""A still room behind the subject: a wall in soft light with a few things out of focus."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from splits.synthetic.head.identity import Identity


def room(who: Identity, height: int, width: int) -> np.ndarray:
    """The background in display values: float32 [height,width,3] in 0..1."""
    rng = np.random.default_rng([0xB6, who.seed])
    y, x = np.meshgrid(
        (np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width, indexing="ij"
    )
    image = np.broadcast_to(np.array(who.room), (height, width, 3)).copy()
    things = np.zeros((height, width, 4))
    for _ in range(int(rng.integers(2, 5))):
        left, top = rng.uniform(-0.1, 0.9), rng.uniform(0.02, 0.5)
        wide, tall = rng.uniform(0.10, 0.28), rng.uniform(0.12, 0.45)
        inside = (np.abs(x - left - wide / 2) < wide / 2) & (np.abs(y - top - tall / 2) < tall / 2)
        colour = np.array(who.room) * rng.uniform(0.55, 1.25) + rng.normal(0, 0.04, 3)
        things[inside] = [*np.clip(colour, 0, 1), 1.0]
    blurred = np.stack([gaussian_filter(things[..., c], 0.014 * height) for c in range(4)], -1)
    image = image * (1 - blurred[..., 3:]) + blurred[..., :3]
    lamp = 1.10 - 0.34 * np.hypot(x - 0.30, 0.8 * (y - 0.25))
    return np.clip(image * lamp[..., None], 0, 1).astype(np.float32)
