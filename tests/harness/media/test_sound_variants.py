"""Variants of a sound: same length, level and times; another sound."""

import numpy as np
import pytest

from harness.media import sound_variants as variants


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def bursts():
    """A second of noise, half a second of silence, and again."""
    sound = rng().normal(0, 0.1, 48_000)
    sound[16_000:24_000] = sound[40_000:] = 0
    return sound.astype(np.float32)


def level(sound):
    return np.sqrt(np.mean(np.square(sound, dtype=np.float64)))


def test_length_and_level_stay_and_the_seed_decides(bursts):
    found = [variants.disturbed(bursts, rng(seed), often=1.0) for seed in (1, 1, 2)]
    for one in found:
        assert one.dtype == np.float32
        assert one.shape == bursts.shape
        assert level(one) == pytest.approx(level(bursts), rel=1e-3)
    np.testing.assert_array_equal(found[0], found[1])
    assert not np.allclose(found[0], found[2])
    np.testing.assert_allclose(variants.disturbed(bursts, rng(), often=0.0), bursts, atol=1e-7)


def test_silence_stays_finite():
    found = variants.disturbed(np.zeros(8000, np.float32), rng(), often=1.0)
    assert np.isfinite(found).all()
    assert not found.any()


def test_a_room_rings_on_and_never_before(bursts):
    found = variants.reverberant(bursts.astype(np.float64), rng(3))
    np.testing.assert_allclose(found[0], bursts[0], rtol=1e-9)
    quiet = found[16_000:24_000]
    assert level(quiet[:800]) > 3 * level(quiet[-800:])
    assert level(quiet[:800]) > 0


def test_a_narrow_band_has_no_high_notes(bursts):
    found = variants.filtered(bursts, rng(5), colour=False, narrow=True)
    spectrum = np.abs(np.fft.rfft(found))
    hertz = np.fft.rfftfreq(len(found), 1 / 16_000)
    assert spectrum[hertz > 7_900].mean() < 0.01 * spectrum[hertz < 3_000].mean()
    kept, before = spectrum[hertz < 3_300], np.abs(np.fft.rfft(bursts))[hertz < 3_300]
    np.testing.assert_allclose(kept, before, rtol=1e-3)


def test_a_colour_is_within_6_db(bursts):
    found = variants.filtered(bursts, rng(5))
    ratio = np.abs(np.fft.rfft(found))[1:] / np.abs(np.fft.rfft(bursts))[1:]
    assert 10 ** (-6.1 / 20) < ratio.min() < ratio.max() < 10 ** (6.1 / 20)
    assert ratio.std() > 0.02


def test_noise_has_unit_level():
    assert level(variants.noise(16_000, rng())) == pytest.approx(1)


def test_a_faster_sound_is_shorter_and_higher():
    tone = np.sin(2 * np.pi * 200 * np.arange(16_000) / 16_000)
    found = variants.faster(tone, 1.25)
    assert len(found) == 12_800
    spectrum = np.abs(np.fft.rfft(found))
    assert np.fft.rfftfreq(len(found), 1 / 16_000)[spectrum.argmax()] == pytest.approx(250, abs=2)
