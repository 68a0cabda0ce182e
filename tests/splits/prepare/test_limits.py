"""`prepare` says beforehand what `run` would refuse: their limits are the same."""

from methods.ua3dtalk.priors import fit
from metrics.sync import base
from splits.prepare import sequence, source
from splits.prepare.layout import TRAIN_FRACTION


def test_frames_that_training_needs():
    over, under = TRAIN_FRACTION
    assert sequence._FEWEST * over // under == fit._FEWEST
    assert (sequence._FEWEST - 1) * over // under < fit._FEWEST


def test_silence():
    assert source.SILENCE == base.SILENCE
