"""Training of emotion experts: what is drawn, that it learns of strangers, and its card."""

import numpy as np
import pytest
import torch

from methods.ua3dtalk.priors.config import PriorConfig
from methods.ua3dtalk.priors.emotion.pretraining.card import write_trained
from methods.ua3dtalk.priors.emotion.pretraining.pool import CLEAN, STUDIO, Pool
from methods.ua3dtalk.priors.emotion.pretraining.speech import LabelledSpeech
from methods.ua3dtalk.priors.emotion.pretraining.train import accuracy, confusion, pretrain

CPU = torch.device("cpu")
TINY = PriorConfig.of({"emotion_hidden": 8, "emotion_conv": [4, 8, 8, 8, 8], "waveform_width": 4})


def silent(*_args, **_values):
    pass


def person(name: str, pitch: float, seconds: int = 20) -> LabelledSpeech:
    """A buzz in anger (1) and a hum in sadness (6), 5 s each in turn."""
    rng = np.random.default_rng(round(pitch))
    times = np.arange(seconds * 16_000) / 16_000
    angry = (times // 5).astype(int) % 2
    hum, buzz = (np.sin(2 * np.pi * pitch * ratio * times) for ratio in (1.0, 2.5))
    sound = 0.1 * np.where(angry, np.sign(buzz), hum) + 0.005 * rng.normal(size=len(times))
    labels = np.where(angry, 1, 6)[::640]
    return LabelledSpeech(name, (sound.astype(np.float32),), (labels,), 25.0)


PEOPLE = [person(name, pitch) for name, pitch in (("a", 100), ("b", 130), ("c", 115))]


@pytest.fixture(scope="module")
def trained():
    return pretrain(PEOPLE[:2], TINY, 0, 150, CPU, silent, STUDIO)


def test_strangers_are_understood(trained):
    table = confusion(trained, PEOPLE[2])
    assert table.sum() == 101  # every fifth frame and the last
    assert set(np.flatnonzero(table.sum(1))) == {1, 6}
    assert accuracy(table) > 0.8
    short = LabelledSpeech(
        "c", tuple(PEOPLE[2].sounds[0][k * 80_000 :][:80_000] for k in range(4)),
        tuple(PEOPLE[2].labels[0][k * 125 :][:125] for k in range(4)), 25.0,
    )  # fmt: skip
    whole = confusion(trained, short, whole=True)
    assert whole.sum() == 4
    assert accuracy(whole) >= 0.75


def test_the_seed_decides():
    runs = [pretrain(PEOPLE[:2], TINY, seed, 2, CPU, silent, STUDIO) for seed in (0, 0, 1)]
    first, again, other = (run.attention.weight for run in runs)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_everyone_and_every_emotion_is_drawn_evenly():
    rare = person("d", 150)
    rare.labels[0][:] = 6
    rare.labels[0][:50] = 2
    pool, rng = Pool([PEOPLE[0], rare]), np.random.default_rng(0)
    found = [pool.draw(rng)[1] for _ in range(800)]
    shares = [found.count(label) / len(found) for label in (1, 2, 6)]
    np.testing.assert_allclose(shares, [0.25, 0.25, 0.5], atol=0.06)
    spectrum, mfcc, wave = pool.draw(rng)[0]
    assert (spectrum.shape, mfcc.shape, wave.shape) == ((300, 200), (300, 40), (48_000,))


def test_other_conditions_change_the_sound_and_not_what_is_known():
    pool, rng = Pool(PEOPLE[:1]), np.random.default_rng(0)
    before = [one.spectrum.copy() for one in pool.inputs]
    for _ in range(12):
        pool.refresh(STUDIO, rng)
    assert all(
        one.spectrum.shape != old.shape or not np.array_equal(one.spectrum, old)
        for one, old in zip(pool.inputs, before, strict=True)
    )
    for _ in range(50):
        (spectrum, _, wave), _ = pool.draw(rng)
        assert spectrum.shape == (300, 200)
        assert wave.shape == (48_000,)
    assert CLEAN != STUDIO


def test_the_card_has_the_figures_of_the_stored_weights(trained, tmp_path):
    out = tmp_path / "moods.safetensors"
    card = write_trained(out, trained, TINY, PEOPLE[:2], PEOPLE[2:], "So.")
    right = accuracy(confusion(trained, PEOPLE[2]))
    assert f"mean over who is held out: **{right:.3f}**" in card
    assert "(chance: 0.500)" in card
    assert f"By person: c {right:.2f}." in card
    assert "| | angry | sad |" in card
    assert out.with_suffix(".md").read_text() == card
