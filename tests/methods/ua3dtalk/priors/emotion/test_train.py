from dataclasses import asdict

import numpy as np
import pytest
import torch

from harness.contracts import BadInput
from methods.ua3dtalk.priors.config import PriorConfig
from methods.ua3dtalk.priors.emotion.features import HOP
from methods.ua3dtalk.priors.emotion.model import evaluated_frames
from methods.ua3dtalk.priors.emotion.train import emotion_loss, fit_emotion, masked
from methods.ua3dtalk.spans import Spans

CPU = torch.device("cpu")
WHOLE = Spans([750])
CONFIG = PriorConfig.of(
    {
        "emotion_hidden": 8,
        "emotion_conv": [4, 8, 8, 8, 8],
        "waveform_width": 4,
        "emotion_steps": 30,
        "emotion_batch": 8,
    }
)


def silent(*_args, **_values):
    pass


def voices(seed: int, seconds: int) -> tuple[np.ndarray, np.ndarray]:
    """Low and high buzzing voices of 5 s in turn: audio, and a label for every frame."""
    rng = np.random.default_rng(seed)
    times = np.arange(seconds * 16000) / 16000
    angry = (times // 5).astype(int) % 2
    buzz = np.where(
        angry, np.sign(np.sin(2 * np.pi * 280 * times)), np.sin(2 * np.pi * 110 * times)
    )
    audio = (0.1 * buzz + 0.005 * rng.standard_normal(len(times))).astype(np.float32)
    return audio, angry[::640]


@pytest.fixture(scope="module")
def fitted():
    audio, labels = voices(0, 30)
    target = np.zeros((len(labels), 64), np.float32)
    target[:, 0] = 2 * labels - 1
    torch.manual_seed(0)
    return (
        audio,
        labels,
        target,
        fit_emotion([audio], 25.0, WHOLE, labels, target, CONFIG, CPU, silent),
    )


def test_voices_are_told_apart_in_new_sound(fitted):
    _, _, _, (model, features, record) = fitted
    assert record["held_out"]["accuracy"] > 0.8
    assert record["loss"] == "cross-entropy + alignment"
    audio, labels = voices(1, 10)
    new = model.features(audio, 25.0, 250)
    assert new.shape == (250, 128)
    pure = np.r_[25:90, 160:225]  # windows that are mostly one voice
    means = [features[fitted[1] == k].mean(0) for k in (0, 1)]
    distance = np.stack([np.linalg.norm(new - m, axis=1) for m in means])
    assert (distance.argmin(0)[pure] == labels[pure]).mean() > 0.8


def test_training_features_have_unit_level(fitted):
    features = fitted[3][1]
    assert features.shape == (750, 128)
    assert np.sqrt((features**2).mean()) == pytest.approx(1.0, abs=1e-4)
    assert features.min() >= 0


def test_the_seed_decides(fitted):
    audio, labels, target, _ = fitted
    few = PriorConfig.of({**asdict(CONFIG), "emotion_steps": 2})
    runs = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        runs.append(fit_emotion([audio], 25.0, WHOLE, labels, target, few, CPU, silent)[1])
    np.testing.assert_array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


def test_without_labels_the_alignment_alone_is_trained(fitted):
    audio, _, target, _ = fitted
    few = PriorConfig.of({**asdict(CONFIG), "emotion_steps": 2})
    torch.manual_seed(0)
    _, _, record = fit_emotion([audio], 25.0, WHOLE, None, target, few, CPU, silent)
    assert "alignment only" in record["loss"]
    assert "accuracy" not in record["held_out"]
    assert record["held_out"]["loss"] == record["held_out"]["alignment"]


def test_interpolation_between_evaluated_frames(fitted):
    audio, model = fitted[0], fitted[3][0]
    features = model.features(audio[:32000], 25.0, 48)
    np.testing.assert_allclose(features[7], 0.6 * features[5] + 0.4 * features[10], atol=1e-5)
    np.testing.assert_allclose(features[46], 0.5 * (features[45] + features[47]), atol=1e-5)
    np.testing.assert_array_equal(evaluated_frames(48, 5)[-2:], [45, 47])
    np.testing.assert_array_equal(evaluated_frames(1, 5), [0])


def test_loss_is_the_sum_of_its_published_parts():
    logits, aligned = torch.randn(4, 8), torch.randn(4, 64)
    labels, target = torch.tensor([0, 1, 2, 7]), torch.randn(4, 64)
    cross_entropy, alignment = emotion_loss(logits, aligned, labels, target)
    expected = -logits.log_softmax(1)[torch.arange(4), labels].mean()
    torch.testing.assert_close(cross_entropy, expected)
    torch.testing.assert_close(alignment, ((aligned - target) ** 2).mean())
    assert emotion_loss(logits, aligned, None, target)[0] == 0


def test_masks_silence_the_same_stretch_in_every_view():
    torch.manual_seed(3)
    inputs = torch.ones(2, 300, 200), torch.ones(2, 300, 40), torch.ones(2, 48000)
    spectrum, mfcc, wave = masked(*inputs)
    silent_steps = mfcc[0, :, 0] == 0
    assert silent_steps.any()
    assert (spectrum[:, silent_steps] == -1).all()
    np.testing.assert_array_equal(wave[0].view(-1, HOP)[:, 0] == 0, silent_steps)
    assert all((each == 1).all() for each in inputs)


@pytest.mark.parametrize("labels", [np.zeros(10, int), np.full(750, 8), np.full(750, -1)])
def test_bad_labels_are_refused(fitted, labels):
    audio, _, target, _ = fitted
    with pytest.raises(BadInput, match="emotion labels"):
        fit_emotion([audio], 25.0, WHOLE, labels, target, CONFIG, CPU, silent)
