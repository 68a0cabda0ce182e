import numpy as np
import pytest

from harness.contracts import BadInput
from splits.prepare.tracking.angles import angles_of, check_angles
from tests.splits.prepare.tracking.faces import face


def test_angles_are_those_of_the_pose():
    poses = np.stack([face(yaw=30, pitch=-10, roll=5).pose, face().pose * [3, 3, 3, 1]])
    np.testing.assert_allclose(angles_of(poses), [[30, -10, 5], [0, 0, 0]], atol=1e-4)


def test_a_few_side_poses_are_said_and_many_refused():
    angles = np.zeros((100, 3))
    assert check_angles("v.mp4", angles, 25) == []
    angles[40:44, 0] = -50
    angles[60, 1] = 40
    (note,) = check_angles("v.mp4", angles, 25)
    assert "5 of 100 frames (5.0%): 40-43, 60, first at 1.60 s" in note
    angles[10:60, 0] = 50
    with pytest.raises(BadInput, match=r"turned away .*51 of 100 frames.*Film the face from the"):
        check_angles("v.mp4", angles, 25)


@pytest.mark.parametrize(("roll", "turn"), [(88.0, 1), (-88.0, 2)])
def test_a_head_on_its_side_is_refused(roll, turn):
    angles = np.tile([0.0, 0.0, roll], (20, 1))
    with pytest.raises(BadInput, match=rf"on its side.*88 degrees.*transpose={turn}"):
        check_angles("v.mp4", angles, 25)
