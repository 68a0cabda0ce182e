import numpy as np
import pytest

from splits.synthetic.coarticulation import lip_closure, visemes
from splits.synthetic.controls import CONTROLS
from splits.synthetic.phonemes import PHONEMES, VOWELS
from splits.synthetic.script import Segment


def _segments(symbols: str, each: float = 0.09) -> list[Segment]:
    return [Segment(s, i * each, (i + 1) * each) for i, s in enumerate(symbols.split())]


def _at(segments, time, name):
    return visemes(segments, np.array([time]))[0, CONTROLS.index(name)]


@pytest.mark.parametrize("stop", ["p", "b", "m"])
@pytest.mark.parametrize("vowel", VOWELS)
def test_bilabials_close_the_lips_between_any_vowels(stop, vowel):
    segments = _segments(f"{vowel} {stop} {vowel}")
    start, end = segments[1].closure
    centre = 0.5 * (start + end)
    assert _at(segments, centre, "AU25") < 0.1
    assert _at(segments, centre, "jaw") < 0.4
    assert _at(segments, centre, "AU24") > 2.2
    assert lip_closure(segments, np.array([centre]))[0] == 1.0


def test_lips_are_shut_for_most_of_the_closure():
    segments = _segments("aa m aa", 0.1)
    times = np.linspace(0.12, 0.18, 13)
    assert visemes(segments, times)[:, CONTROLS.index("AU25")].max() < 0.15


def test_labiodentals_lift_lip_and_chin_but_do_not_shut():
    segments = _segments("aa f aa")
    assert _at(segments, 0.135, "AU17") > 1.8
    assert 0.5 < _at(segments, 0.135, "AU25") < 1.5
    assert _at(segments, 0.135, "jaw") < 2.5


def test_rounding_is_anticipated():
    late, early = _segments("s iy"), _segments("s uw")
    assert _at(early, 0.06, "AU18") > _at(late, 0.06, "AU18") + 0.8


def test_a_vowel_reaches_its_target_when_held():
    for vowel in ("iy", "aa", "uw", "ae"):
        segments = [Segment("sil", 0, 0.3), Segment(vowel, 0.3, 0.8), Segment("sil", 0.8, 1.1)]
        for name, target in PHONEMES[vowel].viseme.items():
            factor = 0.85 if name in ("jaw", "AU25") else 1.0  # unstressed
            assert _at(segments, 0.55, name) == pytest.approx(factor * target, rel=0.1, abs=0.05)


def test_silence_rests_and_stress_opens():
    segments = [Segment("sil", 0.0, 1.0)]
    assert np.abs(visemes(segments, np.array([0.5]))).max() <= 0.1
    plain, stressed = Segment("aa", 0.0, 0.2), Segment("aa", 0.0, 0.2, stress=1)
    assert _at([stressed], 0.1, "jaw") > 1.2 * _at([plain], 0.1, "jaw")


def test_nothing_said_moves_nothing():
    assert not visemes([], np.linspace(0, 1, 5)).any()
    assert not lip_closure([], np.linspace(0, 1, 5)).any()


def test_motion_is_continuous():
    segments = _segments("sil p aa m iy f uw s t ao sil")
    path = visemes(segments, np.arange(0, 0.99, 0.001))
    assert np.abs(np.diff(path[:, CONTROLS.index("AU25")])).max() < 0.12
