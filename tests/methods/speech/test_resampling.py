import numpy as np
import pytest

from methods.speech.resampling import at_frames


def test_a_straight_line_stays_one_between_the_ends():
    known = (np.arange(100) + 0.5) / 100
    found = at_frames(np.stack([known, -known], 1), 100, 25, 25)
    assert found.dtype == np.float32
    expected = (np.arange(25) + 0.5) / 25
    np.testing.assert_allclose(found, np.stack([expected, -expected], 1), atol=1e-6)


def test_the_ends_are_repeated():
    found = at_frames(np.array([[1.0], [3.0]]), 25, 25, 4)[:, 0]
    assert found.tolist() == [1, 3, 3, 3]


@pytest.mark.parametrize("fps", [25.0, 30.0, 29.97])
def test_equal_rates_change_nothing(fps):
    values = np.random.default_rng(0).random((40, 3), np.float32)
    np.testing.assert_allclose(at_frames(values, fps, fps, 40), values, atol=1e-6)
