import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from methods.ua3dtalk.priors.folds import assign_folds, held_out_sets


@given(count=st.integers(48, 3000), folds=st.integers(3, 6), seconds=st.floats(0.2, 5))
def test_every_fold_is_present_and_blocks_are_contiguous(count, folds, seconds):
    assigned = assign_folds([count], 25.0, folds, seconds)
    assert assigned.shape == (count,)
    assert set(assigned) == set(range(folds))
    steps = np.diff(assigned)
    assert ((steps == 0) | (steps == 1) | (steps == 1 - folds)).all()


def test_blocks_last_as_long_as_asked():
    assigned = assign_folds([1000], 25.0, 4, 1.6)
    lengths = np.diff(np.flatnonzero(np.diff(assigned)))
    assert lengths.min() == lengths.max() == 40


@given(counts=st.lists(st.integers(5, 400), min_size=2, max_size=6), folds=st.integers(3, 5))
def test_blocks_respect_the_borders_of_sequences(counts, folds):
    assigned = assign_folds(counts, 25.0, folds, 1.6)
    assert assigned.shape == (sum(counts),)
    for border in np.cumsum(counts)[:-1]:
        assert assigned[border] == (assigned[border - 1] + 1) % folds
    assert set(assigned) == set(range(folds)) or sum(counts) < 2 * folds


def test_held_out_sets_are_singles_and_pairs():
    assert held_out_sets(3) == [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2)]
