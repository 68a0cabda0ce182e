import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from harness.contracts import (
    AudioFeatures,
    BadInput,
    EmotionTrack,
    Expression,
    FrameSource,
    MissingSignal,
    Priors,
    Sequence,
    TrainingSet,
)
from methods.ua3dtalk.priors.config import PriorConfig
from methods.ua3dtalk.priors.fit import fit_priors
from methods.ua3dtalk.priors.model import PriorModel

TINY = PriorConfig.of(
    {
        "folds": 3,
        "style_steps": 3,
        "style_hidden": 8,
        "style_widths": [8],
        "emotion_steps": 2,
        "emotion_batch": 4,
        "emotion_hidden": 4,
        "emotion_conv": [2, 2, 2, 2, 2],
        "waveform_width": 4,
    }
)
TRAIN, TEST = 100, 20


def silent(*_args, **_values):
    pass


def made(**changes) -> Sequence:
    rng = np.random.default_rng(0)
    count = TRAIN + TEST
    values = {
        "signals": {
            "expression": Expression(rng.random((count, 24), np.float32), "synthetic"),
            "emotion": EmotionTrack(np.arange(count) // 20 % 8, np.ones(count, int)),
        },
        "digest": "abc",
    } | changes
    return Sequence(
        id="clip",
        subject="s",
        fps=25.0,
        audio=(0.1 * rng.standard_normal(count * 640)).astype(np.float32),
        frames=FrameSource.of(np.zeros((count, 2, 2, 3), np.uint8)),
        train=range(TRAIN),
        test=range(TRAIN, count),
        **values,
    )


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("fit")
    return workdir, fit_priors(TrainingSet.of(made()), workdir, TINY, "cpu", 0, silent)


def same(a: Priors, b: Priors) -> bool:
    return all(
        np.array_equal(getattr(a, name), getattr(b, name))
        for name in ("content", "style", "emotion")
    )


def test_shapes_of_the_training_frames(fitted):
    priors, windows = fitted[1].priors, fitted[1].training_windows.values
    assert priors.content.shape == priors.style.shape == (TRAIN, 64)
    assert priors.emotion.shape == (TRAIN, 128)
    assert windows.shape == (TRAIN, 16, 29)
    assert all(np.isfinite(a).all() for a in (*vars(priors).values(), windows))
    assert fitted[1].record["emotion"]["waveform"].startswith("trained")


@pytest.mark.parametrize("count", [1, 7, 20, 75])
def test_any_length_can_be_inferred(fitted, count):
    audio = 0.1 * np.random.default_rng(1).standard_normal(count * 640).astype(np.float32)
    priors = fitted[1].infer(audio, 25.0, count)
    assert priors.content.shape == priors.style.shape == (count, 64)
    assert priors.emotion.shape == (count, 128)
    assert all(np.isfinite(a).all() for a in vars(priors).values())
    assert fitted[1].windows(audio, 25.0, count).shape == (count, 16, 29)


def test_save_and_load_round_trip(fitted):
    workdir, model = fitted
    again = PriorModel.load(workdir / "priors")
    assert again.config == model.config
    assert again.record == model.record
    assert same(again.priors, model.priors)
    np.testing.assert_array_equal(again.training_windows.values, model.training_windows.values)
    sound = made().audio[:6400]
    assert same(again.infer(sound, 25.0, 10), model.infer(sound, 25.0, 10))
    left = {p.name for p in (workdir / "priors").iterdir()}
    assert left == {"priors.json", "priors.safetensors"}


def test_test_frames_are_never_looked_at(fitted, tmp_path):
    sequence = made()
    sequence.signals["expression"].values[TRAIN:] = 99
    sequence.audio[TRAIN * 640 :] = 0
    other = fit_priors(TrainingSet.of(sequence), tmp_path, TINY, "cpu", 0, silent)
    assert same(other.priors, fitted[1].priors)


def test_the_seed_decides_and_the_outside_is_left_alone(fitted, tmp_path):
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    other = fit_priors(TrainingSet.of(made()), tmp_path, TINY, "cpu", 1, silent)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert not same(other.priors, fitted[1].priors)


def test_finished_priors_are_loaded_and_others_are_made_again(fitted):
    workdir, _ = fitted

    def refuse(*_args, **_values):
        raise AssertionError("trained again")

    fit_priors(TrainingSet.of(made()), workdir, TINY, "cpu", 0, refuse)
    for sequence, config, seed in (
        (made(digest="xyz"), TINY, 0),
        (made(), replace(TINY, style_steps=4), 0),
        (made(), TINY, 3),
    ):
        with pytest.raises(AssertionError, match="trained again"):
            fit_priors(TrainingSet.of(sequence), workdir, config, "cpu", seed, refuse)


def test_modules_that_are_off_are_zero(tmp_path):
    off = replace(TINY, use_prior=False, use_emotion=False)
    model = fit_priors(TrainingSet.of(made(signals={})), tmp_path, off, "cpu", 0, silent)
    assert not any(a.any() for a in vars(model.priors).values())
    assert not any(a.any() for a in vars(model.infer(made().audio, 25.0, 30)).values())
    assert model.record["content"] == model.record["emotion"] == "off"


def test_features_that_came_with_the_sequence(tmp_path):
    rng = np.random.default_rng(0)
    count = TRAIN + TEST
    given = Priors(*(rng.random((count, n), np.float32) for n in (64, 64, 128)))
    spoken = AudioFeatures(rng.random((count, 16, 29), np.float32), "deepspeech")
    sequence = made(signals={"priors": given, "audio_features": spoken})
    fit_priors(TrainingSet.of(sequence), tmp_path, TINY, "cpu", 0, silent)
    model = PriorModel.load(tmp_path / "priors")
    assert model.record["source"] == "signal"
    assert same(model.priors, given.part(range(TRAIN)))
    np.testing.assert_array_equal(model.training_windows.values, spoken.values[:TRAIN])

    test = sequence.part(sequence.test)
    with pytest.raises(MissingSignal, match="priors"):
        model.infer(test.audio, 25.0, TEST)
    with pytest.raises(BadInput, match="20 frames, but the sequence has 19"):
        model.infer(test.audio, 25.0, TEST - 1, test.signal("priors"))
    assert same(
        model.infer(test.audio, 25.0, TEST, test.signal("priors")),
        given.part(range(TRAIN, count)),
    )
    with pytest.raises(MissingSignal, match="deepspeech"):
        model.windows(test.audio, 25.0, TEST)
    with pytest.raises(BadInput, match="hubert"):
        model.windows(test.audio, 25.0, TEST, AudioFeatures(spoken.values[TRAIN:], "hubert"))
    windows = model.windows(test.audio, 25.0, TEST, test.signal("audio_features"))
    np.testing.assert_array_equal(windows, spoken.values[TRAIN:])


def test_official_files(tmp_path):
    names = ("train_auds_exp.pth", "train_audiostyle.pth", "mser_emotion_train.pth")
    for name, width in zip(names, (64, 64, 128), strict=True):
        torch.save(torch.rand(TRAIN, 1, width), tmp_path / name)
    config = replace(TINY, official=str(tmp_path))
    model = fit_priors(
        TrainingSet.of(made(signals={})), tmp_path / "work", config, "cpu", 0, silent
    )
    assert model.record["source"] == "official files"
    stored = torch.load(tmp_path / names[2], weights_only=True)[:, 0]
    np.testing.assert_array_equal(model.priors.emotion, stored)


def test_given_features_beside_trained_ones_are_refused(fitted):
    given = Priors(np.zeros((5, 64)), np.zeros((5, 64)), np.zeros((5, 128)))
    with pytest.raises(BadInput, match="own predictions"):
        fitted[1].infer(made().audio[:3200], 25.0, 5, given)


def test_bad_sequences_are_refused(tmp_path):
    with pytest.raises(MissingSignal, match="expression"):
        fit_priors(TrainingSet.of(made(signals={})), tmp_path, TINY, "cpu", 0, silent)
    short = replace(made(), train=range(20))
    with pytest.raises(BadInput, match="20 training frames"):
        fit_priors(TrainingSet.of(short), tmp_path, TINY, "cpu", 0, silent)
    assert not list(tmp_path.iterdir())


def test_damaged_folders_are_refused(fitted, tmp_path):
    with pytest.raises(BadInput, match=r"priors\.(json|safetensors): .*Fit the method again"):
        PriorModel.load(tmp_path)
    fitted[1].save(tmp_path)
    (tmp_path / "priors.safetensors").write_bytes(b"short")
    with pytest.raises(BadInput, match=r"priors\.(json|safetensors): .*Fit the method again"):
        PriorModel.load(tmp_path)
    fitted[1].save(tmp_path)
    meta = json.loads((tmp_path / "priors.json").read_text())
    (tmp_path / "priors.json").write_text(json.dumps(meta | {"format": 0}))
    with pytest.raises(BadInput, match="format version is 0"):
        PriorModel.load(tmp_path)
