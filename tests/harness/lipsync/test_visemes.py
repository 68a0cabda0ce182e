import numpy as np
import pytest

from harness.lipsync.visemes import OPENING, RATE, expected_opening, posteriors, windows
from harness.media.audio import read_audio


def test_a_column_every_10_ms_at_any_length():
    for samples in (1, 160, 1599, 16_000):
        sound = np.random.default_rng(samples).normal(size=samples).astype(np.float32)
        assert len(windows(sound)) == len(expected_opening(sound)) == max(1, samples // 160)
        assert np.isfinite(windows(sound)).all()
    assert np.isfinite(windows(np.zeros(16_000, np.float32))).all()


def test_level_does_not_count():
    sound = np.random.default_rng(0).normal(size=32_000).astype(np.float32) / 9
    np.testing.assert_allclose(windows(sound), windows(0.1 * sound), atol=0.02)


def test_windows_hold_no_sound_of_another_time():
    """What the network sees of a moment is the sound within 50 ms of it."""
    sound = np.random.default_rng(0).normal(size=32_000).astype(np.float32)
    changed = sound.copy()
    changed[16_000:16_160] = 0
    # Normalisation looks at all of it, so that a window far away moves a little.
    moved = np.abs(windows(sound) - windows(changed)).max(1) > 0.5
    places = np.flatnonzero(moved)
    assert len(places)
    assert 94 <= places.min() <= places.max() <= 106


@pytest.mark.shared
def test_speech_opens_the_mouth_and_silence_shuts_it(assets):
    sound = read_audio(assets / "video" / "obama_20s_synced.mp4")
    loud = np.sqrt((sound[: len(sound) // 160 * 160].reshape(-1, 160) ** 2).mean(1))
    chances = posteriors(sound)
    assert chances.shape == (len(sound) // 160, len(OPENING))
    np.testing.assert_allclose(chances.sum(1), 1, atol=1e-5)
    silent, speaking = loud < 0.05 * loud.max(), loud > 0.4 * loud.max()
    quiet = list(OPENING).index("silence")
    assert chances[silent, quiet].mean() > 3 * chances[speaking, quiet].mean()
    opening = expected_opening(sound)
    assert opening[speaking].mean() > opening[silent].mean() + 0.05
    assert len(opening) / RATE == pytest.approx(len(sound) / 16_000, abs=0.02)
