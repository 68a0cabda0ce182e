"""The extent of a scene, which rates and sizes follow."""

import numpy as np
import pytest

from methods.ua3dtalk.data.frames import LEAST_EXTENT, camera_extent


def poses(centres):
    made = np.tile(np.eye(4), (len(centres), 1, 1))
    quarter = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    made[:, :3, :3] = quarter
    made[:, :3, 3] = -np.asarray(centres) @ quarter.T
    return made


def test_it_is_ten_percent_beyond_the_farthest_camera_from_the_mean():
    # Their mean is (1, 0, 0), and the farthest is 3 away.
    assert camera_extent(poses([[0, 0, 0], [-1, 0, 0], [4, 0, 0]])) == pytest.approx(3.3)


def test_a_still_head_has_some_extent():
    assert camera_extent(poses([[0, 0, 1.0]] * 5)) == LEAST_EXTENT
