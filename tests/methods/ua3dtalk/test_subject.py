"""A fit on several sequences of one subject: it sees all frames and never crosses a border."""

import dataclasses

import numpy as np
import pytest
import torch

from harness.contracts import (
    AudioFeatures,
    BadInput,
    EmotionTrack,
    FitContext,
    FrameSource,
    MissingSignal,
    Priors,
    TrainingSet,
)
from harness.testing import request_of
from methods.speech.windows import LogMelStatistics, audio_windows
from methods.ua3dtalk.config import Settings
from methods.ua3dtalk.data.features import FrameFeatures, au_of
from methods.ua3dtalk.data.frames import TrainingData
from methods.ua3dtalk.data.transform import normalise
from methods.ua3dtalk.fit import fingerprint
from methods.ua3dtalk.method import UA3DTalk
from methods.ua3dtalk.priors.config import PriorConfig
from methods.ua3dtalk.priors.expression.content import content_inputs
from methods.ua3dtalk.priors.expression.style import style_inputs
from methods.ua3dtalk.priors.fit import fit_priors
from methods.ua3dtalk.priors.model import PriorModel
from methods.ua3dtalk.spans import Spans
from methods.ua3dtalk.spec import QUICK, SPEC
from methods.ua3dtalk.training.face import FaceBranch
from methods.ua3dtalk.training.mouth import MouthBranch

CUT = 36
PRIORS = {"style_steps": 2, "emotion_steps": 2, "folds": 3, "emotion_hidden": 4}
TINY = {
    **QUICK,
    "face_iterations": 12,
    "mouth_iterations": 6,
    "fuse_iterations": 4,
    "face_gaussians": 120,
    "mouth_gaussians": 30,
    "face_max_gaussians": 200,
    "mouth_max_gaussians": 50,
    "densify_every": 4,
    "checkpoint_every": 2,
    "base_resolution": 8,
    "multipliers": [1],
    "plane_features": 4,
    "emotion_base_resolution": 8,
    "emotion_multipliers": [1],
    "emotion_features": 4,
    "hidden": 8,
    "latent": 4,
    "ensemble_size": 2,
    "priors": PRIORS,
}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def named(sequence, name, **signals):
    return dataclasses.replace(
        sequence, id=name, digest=name, signals={**sequence.signals, **signals}
    )


@pytest.fixture(scope="module")
def pair(sequence):
    """The sequence cut in two, the second part with another emotion."""
    first, second = sequence.part(range(CUT)), sequence.part(range(CUT, 87))
    angry = EmotionTrack(np.ones(51, np.int64), np.ones(51, np.int64))
    return TrainingSet((named(first, "first"), named(second, "second", emotion=angry)))


def windows_of(training):
    statistics = LogMelStatistics.of(*(sequence.audio for sequence in training))
    return [audio_windows(s.audio, s.fps, len(s.frames), statistics) for s in training]


@pytest.fixture(scope="module")
def priors(pair, tmp_path_factory):
    config = PriorConfig.of(PRIORS)
    return fit_priors(pair, tmp_path_factory.mktemp("priors"), config, "cpu", 0, lambda *_, **__: 0)


@pytest.fixture(scope="module")
def data(pair, priors):
    parts = [(s.id, s.signal("camera"), s.signal("masks")) for s in pair]
    windows, values = priors.training_windows.values, priors.priors
    features = FrameFeatures(windows, values, au_of(pair), Spans.of(pair))
    return TrainingData(pair, normalise(parts, 0.15), features, "cpu")


def test_the_spec_asks_for_all_sequences_of_a_subject():
    assert SPEC.scope == "subject"


def test_spans_locate_frames():
    spans = Spans([3, 2])
    assert list(spans) == [range(3), range(3, 5)]
    assert [spans.locate(t) for t in (0, 2, 3)] == [
        (0, range(3)),
        (0, range(3)),
        (1, range(3, 5)),
    ]


def test_audio_windows_are_those_of_each_sequence_alone(pair, priors):
    first, second = windows_of(pair)
    found = priors.training_windows.values
    assert np.array_equal(found[:CUT], first)
    assert np.array_equal(found[CUT:], second)
    assert not np.array_equal(windows_of(pair)[1], windows_of([pair.sequences[1]])[0])


def test_neighbouring_frames_are_those_of_the_same_sequence(pair, data):
    first, second = windows_of(pair)
    last, new = data.conditions(CUT - 1).audio, data.conditions(CUT).audio
    assert not last[5:].any()
    assert np.array_equal(last[:5], first[-5:].transpose(0, 2, 1))
    assert not new[:4].any()
    assert np.array_equal(new[4:], second[:4].transpose(0, 2, 1))


def test_features_of_sound_depend_on_their_own_sequence_alone(pair, priors, tmp_path):
    """Where nothing is trained on the second sequence's sound, the first one's stays the same."""
    config = priors.config
    silent = dataclasses.replace(
        pair.sequences[1], audio=np.zeros_like(pair.sequences[1].audio), digest="silent"
    )
    changed = [pair.sequences[0], silent]
    for make in (
        lambda s: torch.cat(content_inputs(s.audio, s.fps, len(s.frames), config), 1),
        lambda s: style_inputs(s.audio, s.fps, len(s.frames)),
    ):
        one, two = (torch.cat([make(s) for s in each]) for each in (pair, changed))
        assert torch.equal(one[:CUT], two[:CUT])
        assert not torch.equal(one[CUT:], two[CUT:])


def test_training_data_holds_all_frames_in_the_order_of_the_set(pair, data):
    assert len(data.frames) == pair.frame_count == 87
    t = 0
    for sequence in pair:
        camera, plate = sequence.signal("camera"), sequence.signal("plate")
        for own in range(len(sequence.frames)):
            assert np.array_equal(data.frames[t], sequence.frames[own])
            assert np.array_equal(data.bits[t], sequence.signal("masks").bits[own])
            assert np.array_equal(data.K[t], camera.K[own])
            assert np.allclose(data.plate(t).permute(1, 2, 0).numpy(), plate[own] / 255)
            t += 1


def test_every_frame_is_trained_on(data):
    face, mouth = (kind(data, Settings.of(TINY), 0, None) for kind in (FaceBranch, MouthBranch))
    assert {face.order.regular(i) for i in range(1, 88)} == set(range(87))
    shown = data.face.open
    assert set(mouth.open_order.frames) == set(np.flatnonzero(shown))
    assert shown[:CUT].any()
    assert shown[CUT:].any()


def test_the_emotions_of_all_sequences_are_learnt(priors):
    assert priors.record["frames"] == 87
    assert priors.record["emotion"]["loss"] == "cross-entropy + alignment"
    assert priors.priors.emotion.shape == (87, 128)


def test_the_fingerprint_covers_ids_digests_lengths_and_order(pair):
    first, second = pair

    def of(*sequences):
        return fingerprint(TrainingSet(sequences), {}, 0)

    others = [
        of(first),
        of(second, first),
        of(first, dataclasses.replace(second, id="x")),
        of(first, dataclasses.replace(second, digest="x")),
        of(first, second.part(range(40))),
    ]
    assert len({of(first, second), *others}) == 6


def test_it_fits_resumes_and_renders(pair, sequence, tmp_path):
    class Killed(Exception):
        pass

    def kill(name, done, total, **values):
        if name == "mouth" and done >= 0.8 * total:
            raise Killed

    UA3DTalk().fit(pair, tmp_path / "whole", FitContext(TINY))
    with pytest.raises(Killed):
        UA3DTalk().fit(pair, tmp_path / "cut", FitContext(TINY, progress=kill))
    UA3DTalk().fit(pair, tmp_path / "cut", FitContext(TINY))
    one, two = (
        torch.load(tmp_path / name / "model.pt", weights_only=True) for name in ("whole", "cut")
    )
    assert all(torch.equal(one[g][k], two[g][k]) for g in one for k in one[g])
    assert len(PriorModel.load(tmp_path / "cut/priors").training_windows.values) == 87

    method = UA3DTalk()
    method.load(tmp_path / "cut")
    part = sequence.part(sequence.test)

    frames = list(method.render(request_of(sequence, SPEC)))
    assert len(frames) == len(part.frames)
    assert all(np.isfinite(frame.rgb).all() for frame in frames)


def refused(pair, tmp_path, error, match, change):
    first, second = pair
    with pytest.raises(error, match=match):
        UA3DTalk().fit(TrainingSet((first, change(second))), tmp_path / "fit", FitContext(TINY))
    assert not (tmp_path / "fit").exists()


def test_a_sequence_of_another_size_rate_or_subject_is_refused_by_name(pair, tmp_path):
    small = FrameSource.of(np.zeros((51, 40, 48, 3), np.uint8))
    replace = dataclasses.replace
    refused(pair, tmp_path, BadInput, "second: .*48x40", lambda s: replace(s, frames=small))
    refused(pair, tmp_path, BadInput, "second: .*30 fps", lambda s: replace(s, fps=30.0))
    refused(pair, tmp_path, BadInput, "nobody and other", lambda s: replace(s, subject="other"))


@pytest.mark.parametrize("signal", ["camera", "masks", "plate", "landmarks", "expression", "au"])
def test_every_sequence_needs_its_signals_in_full(pair, tmp_path, signal):
    def without(sequence):
        return named(sequence, "second", **{signal: None})

    def longer(sequence):
        return named(sequence, "second", **{signal: pair.sequences[0].signal(signal)})

    refused(pair, tmp_path, MissingSignal, f"second: signal '{signal}'", without)
    refused(pair, tmp_path, BadInput, f"second: its '{signal}' signal has 36 frames", longer)


def priors_like(count):
    return Priors(*(np.random.default_rng(count).random((count, n), "f4") for n in (64, 64, 128)))


def test_priors_that_come_with_the_sequences_are_joined(pair, tmp_path):
    given = [priors_like(len(s.frames)) for s in pair]
    training = TrainingSet(
        tuple(named(s, s.id, priors=p) for s, p in zip(pair, given, strict=True))
    )
    model = fit_priors(training, tmp_path, PriorConfig.of(PRIORS), "cpu", 0, print)
    assert np.array_equal(model.priors.style[CUT:], given[1].style)

    for sequence, own in zip(pair, given, strict=True):
        folder = tmp_path / "official" / sequence.id
        folder.mkdir(parents=True)
        for file, values in zip(
            ("train_auds_exp", "train_audiostyle", "mser_emotion_train"),
            vars(own).values(),
            strict=True,
        ):
            torch.save(torch.from_numpy(values), folder / f"{file}.pth")
    config = PriorConfig.of({**PRIORS, "official": str(tmp_path / "official")})
    read = fit_priors(pair, tmp_path / "again", config, "cpu", 0, print)
    assert np.array_equal(read.priors.content, model.priors.content)


def test_signals_of_some_sequences_only_are_refused(pair, tmp_path):
    for name, value in (
        ("priors", priors_like(51)),
        ("audio_features", AudioFeatures(np.zeros((51, 16, 29), np.float32), "deepspeech")),
    ):
        second = named(pair.sequences[1], "second", **{name: value})
        training = TrainingSet((pair.sequences[0], second))
        with pytest.raises(BadInput, match=f"first: it has no '{name}' signal, but second"):
            fit_priors(training, tmp_path, PriorConfig.of(PRIORS), "cpu", 0, print)


def test_signals_of_some_sequences_only_are_refused_before_any_work(pair, tmp_path):
    features = AudioFeatures(np.zeros((51, 16, 29), np.float32), "deepspeech")
    for name, value in (("emotion", None), ("audio_features", features)):
        with pytest.raises(BadInput, match=f"it has no '{name}' signal"):
            training = TrainingSet(
                (pair.sequences[0], named(pair.sequences[1], "b", **{name: value}))
            )
            UA3DTalk().fit(training, tmp_path / "fit", FitContext(TINY))
        assert not (tmp_path / "fit").exists()


def test_expressions_of_two_bases_are_refused(pair, tmp_path):
    second = pair.sequences[1]
    other = dataclasses.replace(second.signal("expression"), basis="mp52")
    training = TrainingSet((pair.sequences[0], named(second, "second", expression=other)))
    with pytest.raises(BadInput, match="second: its 'expression' signal is mp52"):
        fit_priors(training, tmp_path, PriorConfig.of(PRIORS), "cpu", 0, print)
