import numpy as np
import pytest

from harness.contracts import Priors
from methods.ua3dtalk.data.scaling import KINDS, LIMIT, PriorScaling


def features(seed=0, count=200):
    rng = np.random.default_rng(seed)
    sizes = {"content": 64, "style": 64, "emotion": 128}
    return Priors(
        **{
            k: (rng.normal(3, 1e-2 * 10**i, (count, n))).astype(np.float32)
            for i, (k, n) in enumerate(sizes.items())
        }
    )


def test_every_kind_comes_to_unit_deviation():
    priors = features()
    scaled = PriorScaling.of(priors).apply(priors)
    for kind in KINDS:
        assert np.allclose(getattr(scaled, kind).mean(0), 0, atol=0.02)
        assert getattr(scaled, kind).std(0).mean() == pytest.approx(1, abs=0.02)


def test_what_was_shrunk_stays_small():
    priors = features()
    priors.content[:, 0] = 3 + 0.05 * (priors.content[:, 0] - 3)
    scaled = PriorScaling.of(priors).apply(priors).content.std(0)
    assert scaled[0] < 0.06
    assert np.allclose(scaled[1:], 1, atol=0.25)


def test_a_module_that_is_off_stays_zero_and_new_sound_is_cut():
    priors = features()
    off = Priors(priors.content, priors.style, np.zeros((200, 128), np.float32))
    scaling = PriorScaling.of(off)
    assert not scaling.apply(off).emotion.any()
    far = Priors(priors.content + 100, priors.style, off.emotion)
    assert scaling.apply(far).content.max() == LIMIT


def test_it_survives_storage():
    priors = features()
    scaling = PriorScaling.of(priors)
    again = PriorScaling.restore(scaling.tensors())
    assert np.array_equal(scaling.apply(priors).style, again.apply(priors).style)
