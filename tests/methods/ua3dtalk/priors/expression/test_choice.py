import numpy as np
import pytest
import torch

from methods.ua3dtalk.priors.config import PriorConfig
from methods.ua3dtalk.priors.expression.choice import ContentChoice, fit_choice, shrinkage

CONFIG = PriorConfig(folds=4)
EXPERT, BOTH = 0, 1


@pytest.fixture(scope="module")
def data():
    """Two blocks of 3 inputs; half of 64 targets follow the first alone, half need the second."""
    rng = torch.Generator().manual_seed(0)
    said, sound = (torch.randn(400, 3, generator=rng) for _ in range(2))
    mix = torch.randn(3, 64, generator=rng)
    noise = 0.2 * torch.randn(400, 64, generator=rng)
    target = said @ mix + noise
    target[:, 32:] += torch.tanh(sound @ mix[:, 32:])
    target = (target - target.mean(0)) / target.std(0)
    return (said, sound), target, torch.arange(400) // 20 % 4


@pytest.fixture(scope="module")
def fitted(data):
    return fit_choice(*data, CONFIG)


def test_every_coefficient_takes_what_predicts_it_best(fitted):
    choice, _ = fitted
    assert list(choice.models) == ["expert", "both"]
    taken = choice.shares > 0
    assert bool((taken.sum(1) == 1).all())
    assert float(taken[:, EXPERT, :32].float().mean()) > 0.95
    assert float(taken[:, BOTH, 32:].float().mean()) > 0.95


def test_a_fold_is_predicted_without_its_own_targets(data, fitted):
    blocks, target, assigned = data
    choice, nested = fitted
    changed = target.clone()
    changed[assigned == 2] = changed[assigned == 2].flip(0)
    other, again = fit_choice(blocks, changed, assigned, CONFIG)
    torch.testing.assert_close(again[2, 2], nested[2, 2])
    torch.testing.assert_close(other.shares[2], choice.shares[2])
    assert float((again[1, 1] - nested[1, 1]).abs().max()) > 1e-2


def test_new_sound_gets_what_the_folds_networks_say(data, fitted):
    blocks, *_ = data
    choice, nested = fitted
    own = nested[torch.arange(4), torch.arange(4)]
    torch.testing.assert_close(choice(blocks), own)


def test_a_stored_choice_predicts_the_same(data, fitted):
    blocks, *_ = data
    choice, _ = fitted
    again = ContentChoice.restore(choice.state(), torch.device("cpu"))
    torch.testing.assert_close(again(blocks), choice(blocks))


def test_without_an_expert_the_sound_is_all_there_is(data):
    (_, sound), target, assigned = data
    choice, _ = fit_choice((sound,), target, assigned, PriorConfig(content="own"))
    assert choice.shares.shape == (4, 1, 64)
    assert list(choice.taken()) == ["own"]
    again = ContentChoice.restore(choice.state(), torch.device("cpu"))
    torch.testing.assert_close(again((sound,)), choice((sound,)))


def test_the_record_says_what_was_taken(fitted):
    assert fitted[0].taken() == pytest.approx({"expert": 0.5, "both": 0.5}, abs=0.05)


def test_shrinkage_keeps_what_holds_and_drops_noise():
    rng = torch.Generator().manual_seed(0)
    truth, noise = torch.randn(2, 4000, 64, generator=rng)
    np.testing.assert_allclose(shrinkage(truth, truth), 1.0)
    assert float(shrinkage(noise, truth).max()) < 0.1
    half = shrinkage(truth + noise, truth)  # slope 1/2: as much noise as signal
    np.testing.assert_allclose(half, 0.5, atol=0.06)
    assert not shrinkage(torch.zeros(10, 64), truth[:10]).any()
