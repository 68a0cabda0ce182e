"""Head pose as camera motion: one focal length and rigid head shape, one pose per frame.

The landmarker's own 4x4 matrices jitter and belong to a virtual camera with a fixed field
of view, so they are not used. Instead the points of the face that do not move with speech
(forehead, nose, eye corners, temples) are fitted by perspective-n-point, alternating with
a refinement of their shape to this subject. The focal length is the one of a short list
with the least reprojection error, as in ER-NeRF's tracker (`data_utils/face_tracking`).

World: the canonical face, metres, x to the image's right, y up, z out of the face. Its
scale is the canonical face's, as no single camera knows the true size of a head.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import savgol_filter
from scipy.spatial.transform import Rotation

#: Vertex of the face mesh -> position on MediaPipe's canonical face, centimetres
#: (`mediapipe/modules/face_geometry/data/canonical_face_model.obj`, Apache-2.0).
RIGID_POINTS: dict[int, tuple[float, float, float]] = {
    10: (0.000000, 8.261778, 4.481535),
    151: (0.000000, 6.545390, 5.027311),
    9: (0.000000, 4.885979, 5.385258),
    8: (0.000000, 4.019042, 5.284764),
    168: (0.000000, 3.271027, 5.236015),
    6: (0.000000, 2.473255, 5.788627),
    197: (0.000000, 1.728369, 6.316750),
    195: (0.000000, 1.059413, 6.774605),
    5: (0.000000, 0.365669, 7.242870),
    4: (0.000000, -0.463170, 7.586580),
    98: (-1.405627, -1.714196, 5.241087),
    327: (1.405627, -1.714196, 5.241087),
    2: (0.000000, -2.089024, 6.058267),
    33: (-4.445859, 2.663991, 3.173422),
    133: (-1.856432, 2.585245, 3.757904),
    362: (1.856432, 2.585245, 3.757904),
    263: (4.445859, 2.663991, 3.173422),
    103: (-5.133204, 7.485602, 2.660442),
    332: (5.133204, 7.485602, 2.660442),
    67: (-3.523964, 8.005976, 3.729163),
    297: (3.523964, 8.005976, 3.729163),
    54: (-6.279331, 6.615427, 1.425850),
    284: (6.279331, 6.615427, 1.425850),
    21: (-7.087960, 5.434801, 0.099620),
    251: (7.087960, 5.434801, 0.099620),
    127: (-7.743095, 2.364999, -2.005167),
    356: (7.743095, 2.364999, -2.005167),
    162: (-7.555811, 4.106811, -0.991917),
    389: (7.555811, 4.106811, -0.991917),
    234: (-7.664182, 0.673132, -2.435867),
    454: (7.664182, 0.673132, -2.435867),}  # fmt: skip

RIGID_VERTICES = np.array(list(RIGID_POINTS))
_CANONICAL = np.array(list(RIGID_POINTS.values())) / 100  # metres

#: Focal lengths that are tried, in image widths: from a near phone to a long lens.
_FOCAL_LENGTHS = np.arange(1.5, 4.51, 0.25)

#: How far (metres) a subject's points may stray from the canonical face, one sigma. Without
#: it their depth would follow the noise, as a talking head turns only a few degrees.
_SHAPE_SIGMA = 0.006


@dataclass(frozen=True)
class HeadPose:
    """Cameras of a whole sequence and how well they explain the landmarks."""

    focal: float  # pixels
    world_to_camera: np.ndarray  # float64 [T,4,4], OpenCV axes
    shape: np.ndarray  # float64 [P,3], metres: the rigid points on this subject
    error: np.ndarray  # float64 [T], root mean square reprojection error, pixels


def intrinsics(focal: float, height: int, width: int) -> np.ndarray:
    """Pinhole K float64 [3,3] with the principal point in the middle, pixels."""
    return np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]], np.float64)


def project(points: np.ndarray, world_to_camera: np.ndarray, K: np.ndarray) -> np.ndarray:
    """Pixels float64 [T,P,2] of world points [P,3] under cameras [T,4,4]."""
    seen = np.einsum("tij,pj->tpi", world_to_camera[:, :3, :3], points)
    seen += world_to_camera[:, None, :3, 3]
    return seen[..., :2] / seen[..., 2:] * K[0, 0] + K[:2, 2]


def _fit_poses(
    shape: np.ndarray, pixels: np.ndarray, K: np.ndarray, start: np.ndarray | None
) -> np.ndarray:
    """World-to-camera float64 [T,4,4] by perspective-n-point, frame by frame."""
    poses = np.tile(np.eye(4), (len(pixels), 1, 1))
    distance = 1.5 * K[0, 0] * np.ptp(shape[:, 1]) / np.ptp(pixels[0, :, 1])
    turn, shift = np.array([np.pi, 0.0, 0.0]), np.array([0.0, 0.0, distance])
    for t, seen in enumerate(pixels):
        if start is not None:
            turn = Rotation.from_matrix(start[t, :3, :3]).as_rotvec()
            shift = start[t, :3, 3]
        _, turn_t, shift_t = cv2.solvePnP(
            shape, seen, K, None, turn.reshape(3, 1).copy(), shift.reshape(3, 1).copy(),
            useExtrinsicGuess=True, flags=cv2.SOLVEPNP_ITERATIVE,
        )  # fmt: skip
        turn, shift = turn_t[:, 0], shift_t[:, 0]
        poses[t, :3, :3] = Rotation.from_rotvec(turn).as_matrix()
        poses[t, :3, 3] = shift
    return poses


def _refine_shape(
    shape: np.ndarray, poses: np.ndarray, pixels: np.ndarray, K: np.ndarray
) -> np.ndarray:
    """One Gauss-Newton step of every point on all frames, held near the canonical face."""
    rotation = poses[:, :3, :3]
    seen = np.einsum("tij,pj->tpi", rotation, shape) + poses[:, None, :3, 3]
    x, y, z = np.moveaxis(seen, -1, 0)
    focal = K[0, 0]
    zero = np.zeros_like(z)
    by_camera = np.stack(
        [np.stack([focal / z, zero, -focal * x / z**2], -1),
         np.stack([zero, focal / z, -focal * y / z**2], -1)], -2,
    )  # fmt: skip
    jacobian = np.einsum("tpaj,tjk->tpak", by_camera, rotation)
    residual = pixels - project(shape, poses, K)
    noise = 1.0  # pixels; landmark errors are shared by frames, so all frames count as ten
    weight = min(1.0, 10 / len(pixels)) / noise**2
    normal = weight * np.einsum("tpaj,tpak->pjk", jacobian, jacobian)
    right = weight * np.einsum("tpaj,tpa->pj", jacobian, residual)
    prior = 1 / _SHAPE_SIGMA**2
    right += prior * (_CANONICAL - shape)
    return shape + np.linalg.solve(normal + prior * np.eye(3), right[..., None])[..., 0]


def _rms(shape: np.ndarray, poses: np.ndarray, pixels: np.ndarray, K: np.ndarray) -> np.ndarray:
    return np.sqrt(((project(shape, poses, K) - pixels) ** 2).sum(-1).mean(-1))


def _fit(
    pixels: np.ndarray, K: np.ndarray, rounds: int, shape: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    shape = _CANONICAL.copy() if shape is None else shape
    poses = _fit_poses(shape, pixels, K, None)
    for _ in range(rounds):
        shape = _refine_shape(shape, poses, pixels, K)
        poses = _fit_poses(shape, pixels, K, poses)
    return shape, poses


def smooth_poses(poses: np.ndarray, fps: float) -> np.ndarray:
    """Remove landmark jitter from poses float64 [T,4,4] without lagging behind the head.

    Rotation and the place in the frame go through a local quadratic (Savitzky-Golay);
    the distance, which landmarks determine worst, through a wider Gaussian.
    """
    window = min(2 * round(0.12 * fps) + 1, (len(poses) - 1) // 2 * 2 + 1)
    if window < 5:
        return poses.copy()
    mean = Rotation.from_matrix(poses[:, :3, :3]).mean()
    turns = (mean.inv() * Rotation.from_matrix(poses[:, :3, :3])).as_rotvec()
    turns = savgol_filter(turns, window, 2, axis=0)
    distance = gaussian_filter1d(poses[:, 2, 3], 0.12 * fps, mode="nearest")
    place = savgol_filter(poses[:, :2, 3] / poses[:, 2:3, 3], window, 2, axis=0)
    smooth = poses.copy()
    smooth[:, :3, :3] = (mean * Rotation.from_rotvec(turns)).as_matrix()
    smooth[:, :2, 3] = place * distance[:, None]
    smooth[:, 2, 3] = distance
    return smooth


def fit_head_poses(
    landmarks: Sequence[np.ndarray],
    height: int,
    width: int,
    fps: float,
    tick: Callable[[int, int], None] = lambda done, total: None,
) -> list[HeadPose]:
    """Fit one focal length and one head shape to all sequences of a subject, and their poses.

    All cameras are then in one head frame at one scale, so that a single model of the head can
    be learned from all sequences. Only the poses, and their smoothing in time, are of each
    sequence by itself.

    Args:
        landmarks: of each sequence float [T,478,2], pixels, pixel centres at +0.5.
        height: frame height, pixels, the same for all.
        width: frame width, pixels.
        fps: frames per second, for smoothing.
        tick: called with (done, total) as work goes on.

    """
    parts = [np.ascontiguousarray(one[:, RIGID_VERTICES], np.float64) for one in landmarks]
    pixels = np.concatenate(parts)
    few = pixels[np.linspace(0, len(pixels) - 1, min(40, len(pixels))).round().astype(int)]
    costs = []
    for i, factor in enumerate(_FOCAL_LENGTHS):
        K = intrinsics(factor * width, height, width)
        shape, poses = _fit(few, K, rounds=3)
        # The prior counts too: a wrong focal length is paid for by a distorted face.
        strain = ((shape - _CANONICAL) ** 2).sum() / _SHAPE_SIGMA**2
        cost = 10 * (_rms(shape, poses, few, K) ** 2).mean() * len(shape) + strain
        costs.append((cost, factor * width, shape))
        tick(i, len(_FOCAL_LENGTHS) + 1)
    _, focal, shape = min(costs, key=lambda tried: tried[0])
    K = intrinsics(focal, height, width)
    found = []
    for part in parts:
        poses = smooth_poses(_fit_poses(shape, part, K, None), fps)
        found.append(HeadPose(focal, poses, shape, _rms(shape, poses, part, K)))
    tick(1, 1)
    return found


def to_nerf(world_to_camera: np.ndarray) -> np.ndarray:
    """Camera-to-world float64 [...,4,4], OpenGL axes (y up, z back), as `transforms_*.json` has.

    Source: AD-NeRF and ER-NeRF `data_utils/process.py`, read back by TalkingGaussian
    `scene/dataset_readers.py`.
    """
    return np.linalg.inv(world_to_camera) @ np.diag([1.0, -1.0, -1.0, 1.0])
