"""Faces, landmarks and frames for the tests of Deep3DFaceRecon's alignment."""

import numpy as np


def face(seed=0):
    """68 points of a face-like shape, float64 [68,3], about 2 units wide."""
    rng = np.random.default_rng(seed)
    points = rng.normal(0, 0.5, (68, 3))
    for i, at in ((30, (0, 0.1, 0.9)), (36, (-0.6, 0.5, 0.3)), (39, (-0.2, 0.5, 0.4))):
        points[i] = at
    for i, at in ((42, (0.2, 0.5, 0.4)), (45, (0.6, 0.5, 0.3)), (48, (-0.3, -0.5, 0.5))):
        points[i] = at
    points[54] = (0.3, -0.5, 0.5)
    return points


def landmarks_in(height, width, scale, seed=0, noise=1.0):
    """Where a camera sees the face: pixels, y down."""
    rng = np.random.default_rng(seed)
    flat = face()[:, :2] * scale + rng.normal(0, noise, (68, 2)) + (width / 2, height / 2)
    flat[:, 1] = height - 1 - flat[:, 1]
    return flat


def picture(height, width, seed=0):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / 17
    waves = np.stack([np.sin(x + k * y) for k in (0.3, 1.0, 1.7)], -1)
    return (128 + 90 * waves + rng.normal(0, 9, waves.shape)).clip(0, 255).astype(np.uint8)
