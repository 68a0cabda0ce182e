import numpy as np

from splits.prepare.tracking.life import is_mute, is_still
from tests.splits.prepare.tracking.faces import face, talking


def track(count, see):
    return np.stack([see(t).landmarks for t in range(count)])


def test_who_speaks_or_blinks_is_alive():
    assert not is_still(track(75, talking))
    assert not is_still(track(75, lambda t: face(lids=0.04 * (t % 20 != 7))))
    assert not is_mute(track(75, talking))
    assert is_mute(track(75, lambda t: face(lids=0.04 * (t % 20 != 7))))


def test_a_picture_before_a_moving_camera_is_still():
    rng = np.random.default_rng(0)

    def see(t):
        moved = face(100 + 5 * np.sin(t / 7), 100, 60 * (1 + 0.1 * np.sin(t / 11)), lips=0.02)
        moved.landmarks[:] += rng.normal(0, 0.1, moved.landmarks.shape)
        return moved

    assert is_still(track(75, see))
    assert not is_still(track(30, see)), "too short to say so"
