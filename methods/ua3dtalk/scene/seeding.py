"""Where Gaussians start: at random in the head's volume, or on the masks' inflated outline.

A head in a talking video turns by some degrees only, so a visual hull is a cone and gives
little depth. Inflating the outline (depth grows with the distance to the mask's border)
gives a closed surface of about the right depth from every single frame; a few frames of
different pose cover the sides. Started there, in the pixels' own colours, a schedule of some
thousand steps ends where a random start needs tens of thousands.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import distance_transform_edt

from harness.contracts import MASK_BITS
from methods.ua3dtalk.data.frames import TrainingData
from methods.ua3dtalk.data.transform import FILL

#: Half the head's thickness, as a part of its half height: heads are about as deep as wide.
THICKNESS = 0.8
#: How far the inside of the mouth starts behind the lips, in the same unit.
MOUTH_DEPTH = 0.08
POSES = 8


def random_points(
    count: int, bound: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Grey points uniform in a cube, [N,3] each: within 0.1 for the published bound of 0.15."""
    reach = bound * 2 / 3
    points = rng.uniform(-reach, reach, (count, 3))
    return points.astype(np.float32), np.full((count, 3), 0.5, np.float32)


def silhouette_points(
    data: TrainingData, region: str, count: int, bound: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Points on the surface that the head's outline inflates to.

    Args:
        data: of the training set.
        region: `face` for all of the head but the inside of the mouth, `mouth` for that.
        count: N.
        bound: half side of the cube.
        rng: where pixels are drawn from.

    Returns:
        positions float32 [N,3] in scene units and colours float32 [N,3] in [0, 1].

    """
    frames = _spread_frames(data, region)
    shares = np.full(len(frames), count // len(frames))
    shares[: count - shares.sum()] += 1
    points, colours = [], []
    for t, share in zip(frames, shares, strict=True):
        bits = data.bits[t].numpy()
        head, mouth = (bits & MASK_BITS["head"]) != 0, (bits & MASK_BITS["mouth"]) != 0
        rows, columns = np.nonzero(mouth if region == "mouth" else head & ~mouth)
        pick = rng.integers(0, len(rows), share)
        rows, columns = rows[pick], columns[pick]
        height = _inflated(head)[rows, columns] * THICKNESS * FILL * bound
        if region == "mouth":
            height -= MOUTH_DEPTH * FILL * bound
        pixels = np.stack([columns, rows], -1) + rng.random((share, 2))
        points.append(_unproject(data, t, pixels, height))
        colours.append(data.frames[t].numpy()[rows, columns] / 255)
    return np.concatenate(points).astype(np.float32), np.concatenate(colours).astype(np.float32)


def _spread_frames(data: TrainingData, region: str) -> np.ndarray:
    """Frames of poses as different as possible; for the mouth, the most open ones."""
    if region == "mouth":
        inside = (data.bits.numpy() & MASK_BITS["mouth"]) != 0
        return np.argsort(-inside.sum((1, 2)), kind="stable")[:POSES]
    poses = data.viewmats[data.shown, :3, :3].cpu().numpy().reshape(len(data.shown), 9)
    chosen = [int(np.argmin(np.linalg.norm(poses - poses.mean(0), axis=1)))]
    nearest = np.linalg.norm(poses - poses[chosen[0]], axis=1)
    while len(chosen) < min(POSES, len(poses)):
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.linalg.norm(poses - poses[chosen[-1]], axis=1))
    return data.shown[chosen]


def _inflated(mask: np.ndarray) -> np.ndarray:
    """Height of the inflated outline [H,W] in [0, 1]: a half circle over the border distance."""
    padded = np.pad(mask, 1)
    distance = distance_transform_edt(padded)[1:-1, 1:-1]
    inner = 1 - distance / distance.max()
    return np.sqrt(1 - inner**2)


def _unproject(data: TrainingData, t: int, pixels: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Scene points [N,3] of pixels [N,2] that lie `height` in front of the scene's middle."""
    pose, K = data.viewmats[t].cpu().numpy().astype(np.float64), data.K[t]
    depth = pose[2, 3] - height
    x = (pixels[:, 0] - K[0, 2]) / K[0, 0] * depth
    y = (pixels[:, 1] - K[1, 2]) / K[1, 1] * depth
    return (np.stack([x, y, depth], -1) - pose[:3, 3]) @ pose[:3, :3]
