import numpy as np
import pytest

from harness.media.landmarks68 import IBUG68_VERTICES, to_ibug68

#: iBUG index of the same point on the other half of the face.
MIRROR = np.array(
    [*range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31,
     45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40,
     54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]
)  # fmt: skip


def test_single_vertices_are_copied_and_pairs_averaged():
    points = np.random.default_rng(0).normal(size=(2, 478, 2))
    got = to_ibug68(points)
    assert got.shape == (2, 68, 2)
    assert got.dtype == np.float32
    for i, vertices in enumerate(IBUG68_VERTICES):
        assert np.allclose(got[:, i], points[:, list(vertices)].mean(1), atol=1e-6)
    with pytest.raises(ValueError, match="478"):
        to_ibug68(points[:, :68])


@pytest.mark.shared
def test_symmetric_on_the_canonical_face(assets):
    """Independent check: MediaPipe's own symmetric mesh must give a symmetric 68."""
    lines = (assets / "mesh" / "mediapipe_canonical_face_468.obj").read_text().splitlines()
    mesh = np.array([line.split()[1:4] for line in lines if line.startswith("v ")], float)
    points = to_ibug68(mesh)
    assert np.abs(points[MIRROR] * [-1, 1, 1] - points).max() < 1e-3
    jaw, brows, lips = points[:17], points[17:27], points[48:60]
    assert (np.diff(jaw[:, 0]) > 0).all()
    assert (np.diff(brows[:, 0]) > 0).all()
    assert jaw[8, 1] == jaw[:, 1].min() < lips[:, 1].min()
    assert brows[:, 1].min() > points[36:48, 1].max() - 0.5
