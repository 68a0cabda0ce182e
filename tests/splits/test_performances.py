import numpy as np
import pytest

from splits import performances
from splits.synthetic import corpus


def test_performances_are_of_subjects_that_nothing_else_has():
    one, two = performances.synthetic(2, frames=132, workers=2)
    assert (one.subject, two.subject) == ("person-500", "person-501")
    assert one.controls.shape == (132, 24)
    assert one.audio.shape == (round(132 / 25 * 16_000),)
    assert np.abs(one.audio).max() <= 1
    assert not np.array_equal(one.controls, two.controls)
    (alone,) = performances.synthetic(1, frames=132, workers=1)
    np.testing.assert_array_equal(alone.audio, one.audio)
    assert performances.FIRST_IDENTITY > corpus.FIRST_TRAINING_IDENTITY + 100


def test_more_subjects_than_a_seed_has_are_refused():
    with pytest.raises(ValueError, match="a seed has 1 to 500"):
        next(performances.synthetic(501))
