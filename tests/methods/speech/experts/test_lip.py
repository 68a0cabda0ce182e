"""The lip expert: its features, what the shipped network finds, and that it can be retrained."""

import numpy as np
import pytest
import torch

from methods.speech.experts import training
from methods.speech.experts.lip import LipExpert, lip_controls, lip_expert, log_mels
from splits import performances
from splits.synthetic.controls import CONTROLS


@pytest.fixture(scope="module")
def stranger():
    """A subject that the expert was not trained on, nor held out."""
    return next(performances.synthetic(1, seed=7, frames=330, workers=1))


def test_log_mels_do_not_depend_on_level(stranger):
    mels = log_mels(stranger.audio)
    assert mels.shape == (40, 4 * 330)
    np.testing.assert_allclose(log_mels(0.3 * stranger.audio), mels, atol=1e-4)
    np.testing.assert_allclose(mels.mean(1), 0, atol=1e-4)


def test_it_knows_how_an_unseen_subject_moves(stranger):
    found = lip_controls(stranger.audio, 25.0, 330)
    scores = dict(zip(CONTROLS, training.correlations(found, stranger.controls), strict=True))
    assert min(scores[name] for name in ("jaw", "AU25", "AU18")) > 0.8
    wrong = training.correlations(np.roll(found, 12, 0), stranger.controls)
    assert wrong[CONTROLS.index("jaw")] < 0.5


def test_other_frame_rates_and_lengths(stranger):
    at25, at30 = lip_controls(stranger.audio, 25.0, 330), lip_controls(stranger.audio, 30.0, 396)
    assert at30.shape == (396, 24)
    np.testing.assert_allclose(at30[::6][:60], at25[::5][:60], atol=0.8)
    assert lip_controls(stranger.audio[:100], 25.0, 3).shape == (3, 24)


def test_its_size_and_that_it_sees_a_second():
    net = lip_expert()
    assert sum(p.numel() for p in net.parameters()) == 158_712
    mels = torch.randn(1, 40, 400)
    changed = mels.clone()
    changed[..., 200] += 1
    with torch.inference_mode():
        moved = (net(mels) - net(changed)).abs().amax((0, 1)).nonzero().flatten()
    assert moved.min() >= 50 - 12
    assert moved.max() <= 50 + 12


def test_training_learns_and_is_deterministic():
    rng = np.random.default_rng(0)
    mels = [rng.normal(size=(40, 800)).astype(np.float32) for _ in range(3)]
    controls = [m.reshape(40, 200, 4).mean(-1)[:2].T.copy() for m in mels]
    first, again = (training.train(mels, controls, seed=1, steps=60) for _ in range(2))
    for name, value in first.state_dict().items():
        assert torch.equal(value, again.state_dict()[name])
    untrained = LipExpert(2)
    assert training.evaluate(first, mels, controls).mean() > 0.5
    assert abs(training.evaluate(untrained, mels, controls).mean()) < 0.4
