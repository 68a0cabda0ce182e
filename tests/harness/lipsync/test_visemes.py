import numpy as np
import pytest

from harness.lipsync.visemes import (
    OPENING,
    RATE,
    bands,
    directions,
    expected_opening,
    hidden,
    posteriors,
)
from harness.media.audio import read_audio


def test_a_column_every_10_ms_at_any_length():
    for samples in (1, 160, 1599, 16_000):
        sound = np.random.default_rng(samples).normal(size=samples).astype(np.float32)
        assert len(bands(sound)) == len(expected_opening(sound)) == max(1, samples // 160)
        assert np.isfinite(bands(sound)).all()
    assert np.isfinite(bands(np.zeros(16_000, np.float32))).all()


def test_level_does_not_count():
    sound = np.random.default_rng(0).normal(size=32_000).astype(np.float32) / 9
    np.testing.assert_allclose(bands(sound), bands(0.1 * sound), atol=0.02)


@pytest.mark.parametrize(
    ("of", "reach"),
    [
        (bands, 2),
        (directions, 4),
        (lambda sound: hidden(sound, 2), 8),
        (hidden, 16),
        (posteriors, 16),
    ],
)
def test_a_column_holds_no_sound_of_another_time(of, reach):
    """The bands hold what is within 20 ms of it; convolutions reach 20, 60 and 140 ms further."""
    rng = np.random.default_rng(0)
    sound = rng.normal(size=32_000).astype(np.float32)
    changed = sound.copy()
    changed[16_000:16_160] = rng.normal(size=160)
    # Normalisation looks at all of it, so that a column far away moves a little.
    moved = np.abs(of(sound) - of(changed)).max(1)
    places = np.flatnonzero(moved > 0.2 * moved.max())
    assert 100 - reach <= places.min() <= places.max() <= 100 + reach


def test_sound_is_heard_at_its_own_time():
    """A burst in silence is at the middle of what changes."""
    sound = np.random.default_rng(0).normal(0, 1e-3, size=32_000).astype(np.float32)
    sound[16_000:16_800] *= 300
    for of in (bands, posteriors):
        values = of(sound)
        unlike = np.abs(values - np.median(values, 0)).sum(1)
        places = np.flatnonzero(unlike > 0.5 * unlike.max())
        assert places.mean() == pytest.approx(102, abs=2)


def test_hidden_layers_are_those_of_torch():
    """Padding, dilation and order of taps, against torch's convolution."""
    import torch
    from safetensors.torch import load_file

    from harness.lipsync.visemes import DILATIONS, TAPS, WEIGHTS

    sound = np.random.default_rng(0).normal(size=8_000).astype(np.float32)
    stored = {name: value.float() for name, value in load_file(WEIGHTS).items()}
    values = torch.from_numpy(bands(sound).T[None])
    for index, dilation in enumerate(DILATIONS):
        values = torch.nn.functional.conv1d(
            values,
            stored[f"{2 * index}.weight"],
            stored[f"{2 * index}.bias"],
            padding=dilation * (TAPS // 2),
            dilation=dilation,
        ).relu()
        np.testing.assert_allclose(hidden(sound, index + 1), values[0].T, atol=1e-4)
    last = torch.nn.functional.conv1d(values, stored["6.weight"], stored["6.bias"])
    np.testing.assert_allclose(posteriors(sound), last[0].softmax(0).T, atol=1e-4)


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
