import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from splits.prepare.pose import (
    RIGID_POINTS,
    RIGID_VERTICES,
    fit_head_poses,
    intrinsics,
    project,
    smooth_poses,
    to_nerf,
)

CANONICAL = np.array(list(RIGID_POINTS.values())) / 100


def head_motion(count, rng):
    """Smooth nods and turns of up to 12 degrees, 0.6 m before the camera."""
    t = np.arange(count) / 25
    phase = rng.uniform(0, 6, 6)
    turn = np.stack([0.12 * np.sin(2 * t + phase[0]), 0.2 * np.sin(1.3 * t + phase[1]),
                     0.06 * np.sin(1.7 * t + phase[2])], 1)  # fmt: skip
    flip = Rotation.from_matrix(np.diag([1.0, -1.0, -1.0]))
    poses = np.tile(np.eye(4), (count, 1, 1))
    poses[:, :3, :3] = (flip * Rotation.from_rotvec(turn)).as_matrix()
    poses[:, :3, 3] = np.stack([0.01 * np.sin(t + phase[3]), 0.01 * np.sin(1.5 * t + phase[4]),
                                0.6 + 0.01 * np.sin(t + phase[5])], 1)  # fmt: skip
    return poses


def landmarks_of(points, poses, K, noise, rng):
    landmarks = np.zeros((len(poses), 478, 2))
    landmarks[:, RIGID_VERTICES] = project(points, poses, K)
    return landmarks + rng.normal(0, noise, landmarks.shape)


def test_recovers_known_cameras():
    rng = np.random.default_rng(0)
    poses, K = head_motion(100, rng), intrinsics(2.5 * 256, 256, 256)
    landmarks = landmarks_of(CANONICAL, poses, K, 0.3, rng)
    got = fit_head_poses([landmarks], 256, 256, 25)[0]
    assert got.error.max() < 1.0
    between = Rotation.from_matrix(got.world_to_camera[:, :3, :3]) * (
        Rotation.from_matrix(poses[:, :3, :3]).inv()
    )
    assert np.degrees(between.magnitude()).mean() < 2.0
    moved = got.world_to_camera[:, :2, 3] / got.world_to_camera[:, 2:3, 3] * got.focal
    true = poses[:, :2, 3] / poses[:, 2:3, 3] * K[0, 0]
    assert np.abs(moved - moved.mean(0) - (true - true.mean(0))).mean() < 0.7


def test_a_subject_unlike_the_canonical_face():
    rng = np.random.default_rng(1)
    subject = CANONICAL * [1.08, 0.94, 1.1]
    poses, K = head_motion(75, rng), intrinsics(600, 256, 256)
    [got] = fit_head_poses([landmarks_of(subject, poses, K, 0.3, rng)], 256, 256, 25)
    assert got.error.mean() < 0.8
    assert np.abs(got.shape - CANONICAL).max() > 0.002


def test_sequences_of_one_subject_share_focal_length_shape_and_scale():
    """A short sequence alone may be fitted at another distance; together with a long one not."""
    rng = np.random.default_rng(3)
    K = intrinsics(2.5 * 256, 256, 256)
    subject = CANONICAL * [1.05, 0.96, 1.04]
    poses = [head_motion(count, rng) for count in (75, 90)]
    poses[1][:, 2, 3] += 0.1
    seen = [landmarks_of(subject, one, K, 0.3, rng) for one in poses]
    first, other = fit_head_poses(seen, 256, 256, 25)
    assert first.focal == other.focal
    assert np.array_equal(first.shape, other.shape)
    assert (len(first.world_to_camera), len(other.world_to_camera)) == (75, 90)
    assert max(first.error.mean(), other.error.mean()) < 0.8
    depths = [got.world_to_camera[:, 2, 3].mean() for got in (first, other)]
    true = [one[:, 2, 3].mean() for one in poses]
    assert abs(depths[1] / depths[0] - true[1] / true[0]) < 0.01
    alone = fit_head_poses(seen[:1], 256, 256, 25)[0]
    swapped = fit_head_poses(seen[::-1], 256, 256, 25)
    assert np.allclose(swapped[1].shape, first.shape, atol=2e-3)
    assert alone.error.mean() < 0.8


def test_smoothing_removes_jitter_and_does_not_lag():
    rng = np.random.default_rng(2)
    poses = head_motion(100, rng)
    noisy = poses.copy()
    noisy[:, :3, 3] += rng.normal(0, 0.002, (100, 3))
    smooth = smooth_poses(noisy, 25)
    jitter = lambda p: np.diff(p[:, :3, 3], 2, axis=0).std()  # noqa: E731
    assert jitter(smooth) < 0.5 * jitter(noisy)
    assert np.abs(smooth - poses).mean() < np.abs(noisy - poses).mean()
    still = smooth_poses(poses, 25)
    assert np.abs(still[:, :2] - poses[:, :2]).max() < 2e-3
    assert np.allclose(still[:, :3, :3] @ still[:, :3, :3].transpose(0, 2, 1), np.eye(3))


def test_nerf_axes():
    """A camera 2 m before the face looking back at it: OpenGL's z points away from the face."""
    world_to_camera = np.diag([1.0, -1.0, -1.0, 1.0])
    world_to_camera[:3, 3] = [0, 0, 2]
    assert np.allclose(to_nerf(world_to_camera), [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 2],
                                                   [0, 0, 0, 1]])  # fmt: skip


@pytest.mark.shared
def test_points_are_those_of_the_canonical_mesh(assets):
    lines = (assets / "mesh" / "mediapipe_canonical_face_468.obj").read_text().splitlines()
    mesh = np.array([line.split()[1:4] for line in lines if line.startswith("v ")], float)
    for vertex, position in RIGID_POINTS.items():
        assert np.allclose(mesh[vertex], position, atol=1e-6)
