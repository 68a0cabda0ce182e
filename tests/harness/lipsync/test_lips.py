import numpy as np
import pytest

from harness.lipsync.lips import lips_apart


@pytest.mark.parametrize(("count", "points"), [(478, (13, 14, 10, 152)), (68, (62, 66, 27, 8))])
def test_distance_is_in_face_heights(count, points):
    landmarks = np.random.default_rng(0).uniform(0, 9, (2, count, 2))
    upper, lower, top, chin = points
    landmarks[:, [top, chin]] = [[50, 10], [50, 110]]
    landmarks[:, [upper, lower]] = [[50, 80], [50, 90]]
    np.testing.assert_allclose(lips_apart(landmarks), 0.1)
    np.testing.assert_allclose(lips_apart(3 * landmarks[0]), 0.1)
