"""Normalise the space of the cameras, so that every head fills the same cube.

Loaders bring cameras in metres, in a 3DMM's units or in a face tracker's centimetres, while
the planes of the deformation field, the learning rates and the size of its offsets are all
set for a head inside a cube of half side 0.15. A similarity maps one to the other; it does
not change a single projected pixel.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from harness.contracts import MASK_BITS, BadInput, Camera, Masks

#: The head's half extent after normalisation, as a part of the cube's half side.
FILL = 0.8


@dataclass(frozen=True)
class SceneTransform:
    """x_scene = scale (x_world - centre): world units to scene units."""

    centre: tuple[float, float, float]
    scale: float

    def viewmats(self, world_to_camera: np.ndarray) -> np.ndarray:
        """World-to-camera matrices for scene coordinates, float32 [T,4,4].

        Camera coordinates are scaled along, so projections stay and depths are in scene units.
        """
        result = np.array(world_to_camera, np.float64)
        centre = np.asarray(self.centre)
        result[:, :3, 3] = self.scale * (result[:, :3, :3] @ centre + result[:, :3, 3])
        return result.astype(np.float32)


def boxes(bits: np.ndarray, bit: int) -> np.ndarray:
    """Bounding boxes of one region in every frame.

    Args:
        bits: uint8 [T,H,W].
        bit: which bit marks the region.

    Returns:
        int32 [T,4] as left, top, right, bottom (exclusive); zeros where it is empty.

    """
    found = np.zeros((len(bits), 4), np.int32)
    for t, frame in enumerate(bits):
        mask = (np.asarray(frame) & bit) != 0
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        if len(rows):
            found[t] = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    return found


def normalise(parts: Iterable[tuple[str, Camera, Masks]], bound: float) -> SceneTransform:
    """Find the similarity that puts the head into the middle of the cube.

    Per frame, the centre of the head's box gives a ray; its depth is that of the world's
    origin, which every loader puts inside the head. The centre is the mean over frames, the
    extent the 95th percentile of half the box's longer side at that depth.

    Args:
        parts: id, cameras and masks of each sequence.
        bound: half side of the cube, in scene units.

    Raises:
        BadInput: no frame of a sequence shows a head, a camera is not finite, or the world's
            origin lies behind a camera.

    """
    centres, halves = zip(*(_head_places(*part) for part in parts), strict=True)
    x, y, z = np.concatenate(centres).mean(0).tolist()
    scale = FILL * bound / float(np.percentile(np.concatenate(halves), 95))
    return SceneTransform((x, y, z), scale)


def _head_places(subject: str, camera: Camera, masks: Masks) -> tuple[np.ndarray, np.ndarray]:
    """Centres [F,3] and half extents [F] of the head in the frames that show it, world units."""
    poses, K = np.asarray(camera.world_to_camera, np.float64), np.asarray(camera.K, np.float64)
    if not (np.isfinite(poses).all() and np.isfinite(K).all()):
        raise BadInput(
            subject,
            "a camera matrix contains values that are not finite",
            "Prepare the video again.",
        )
    head = boxes(masks.bits, MASK_BITS["head"])
    shown = np.flatnonzero(head[:, 2] > head[:, 0])
    if not len(shown):
        raise BadInput(subject, "no frame has a head mask", "Prepare the masks again.")
    depth = poses[shown, 2, 3]
    if (depth <= 0).any():
        raise BadInput(
            subject,
            f"the world's origin is behind the camera in frame {shown[depth <= 0][0]}",
            "Cameras must be world-to-camera with OpenCV axes and the head at the origin.",
        )
    box, K, poses = head[shown].astype(np.float64), K[shown], poses[shown]
    x = ((box[:, 0] + box[:, 2]) / 2 - K[:, 0, 2]) / K[:, 0, 0] * depth
    y = ((box[:, 1] + box[:, 3]) / 2 - K[:, 1, 2]) / K[:, 1, 1] * depth
    in_camera = np.stack([x, y, depth], -1) - poses[:, :3, 3]
    centres = np.einsum("tji,tj->ti", poses[:, :3, :3], in_camera)
    half = np.maximum(
        (box[:, 2] - box[:, 0]) / K[:, 0, 0], (box[:, 3] - box[:, 1]) / K[:, 1, 1]
    ) * (depth / 2)
    return centres, half
