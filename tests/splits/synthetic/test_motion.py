import numpy as np

from splits.synthetic import motion
from splits.synthetic.script import Segment

TIMES = np.arange(0, 300, 0.01)


def test_blinks_are_as_frequent_and_long_as_subjects_s():
    lids = motion.blinks(TIMES, 300.0, np.random.default_rng(0))
    starts = np.flatnonzero((lids[1:] > 0) & (lids[:-1] == 0))
    ends = np.flatnonzero((lids[1:] == 0) & (lids[:-1] > 0))
    lengths = 0.01 * (ends - starts[: len(ends)])
    assert 2.3 < np.diff(starts).mean() * 0.01 < 3.7
    assert lengths.min() >= 0.10
    assert lengths.max() <= 0.21
    assert lids.max() == 5.0
    assert lids.min() == 0.0


def test_sway_keeps_within_reach_and_is_smooth():
    pose = motion.sway(TIMES, np.random.default_rng(1))
    reach = np.abs(pose).max(axis=0)
    assert (reach <= (10.0, 6.0, 4.0, 0.03, 0.02, 0.04)).all()
    assert (reach > 0.5 * np.array((10.0, 6.0, 4.0, 0.03, 0.02, 0.04))).all()
    assert np.abs(np.diff(pose[:, 0])).max() / 0.01 < 25.0  # degrees a second


def test_gaze_rests_and_leaps():
    looks = motion.gaze(TIMES, 300.0, np.random.default_rng(2))
    assert np.abs(looks[:, 0]).max() <= 14.0
    assert np.abs(looks[:, 1]).max() <= 8.0
    assert (np.abs(np.diff(looks, axis=0)).max(axis=1) == 0).mean() > 0.9


def test_nods_fall_on_stressed_vowels_only():
    plain = [Segment("aa", 1.0, 1.2), Segment("s", 2.0, 2.1, stress=1)]
    assert not motion.nods(TIMES, plain, np.random.default_rng(0)).any()
    stressed = [Segment("aa", float(t), t + 0.2, stress=1) for t in range(1, 40)]
    nods = motion.nods(TIMES, stressed, np.random.default_rng(0))
    assert nods[2055] < 0.1  # between two of them
    assert 0.6 < nods.max() < 2.5
