"""Labelled speech: which files of Emo-DB count, how utterances are put together, and refusals."""

import numpy as np
import pytest
import soundfile

from harness.contracts import EMOTIONS, BadInput, EmotionTrack
from methods.ua3dtalk.priors.emotion.pretraining.speech import (
    LabelledSpeech,
    continuous,
    emodb,
    of_sequences,
    split_people,
    synthetic,
)
from tests import toy


def test_synthetic_subjects_show_all_emotions():
    (one,) = synthetic("splits.performances:synthetic", 1, 9, 400)
    assert one.subject == "person-9500"
    assert len(one.labels[0]) == 400
    assert len(one.sounds[0]) == 400 * 640
    assert set(one.labels[0]) == set(range(8))


@pytest.fixture
def folder(tmp_path):
    for name in ("03a01Fa", "03a01La", "03a02Wb", "08b01Tc", "readme"):
        soundfile.write(tmp_path / f"{name}.wav", np.full(16_000, 0.1, np.float32), 16_000)
    return tmp_path


def test_letters_become_emotions_and_boredom_is_left_out(folder):
    first, second = emodb(folder)
    assert (first.subject, second.subject) == ("03", "08")
    shown = [[EMOTIONS[each[0]] for each in one.labels] for one in (first, second)]
    assert shown == [["happy", "angry"], ["sad"]]
    assert all(len(each) == 25 for each in first.labels)
    learn, held = split_people([first, second], ["08"])
    assert (learn, held) == ([first], [second])


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(BadInput, match="no file of Emo-DB"):
        emodb(tmp_path)


def test_utterances_follow_each_other_by_emotion():
    sounds = tuple(np.full(16_000 * (k + 1), 0.1 * (k + 1), np.float32) for k in range(4))
    labels = tuple(np.full(25 * (k + 1), e) for k, e in enumerate((5, 1, 5, 1)))
    found = continuous(LabelledSpeech("a", sounds, labels, 25), np.random.default_rng(0))
    (sound,), (track,) = found.sounds, found.labels
    assert len(track) == pytest.approx(len(sound) / 640, abs=1)
    assert np.diff(track).astype(bool).sum() == 1
    for k, label in enumerate((5, 1, 5, 1)):
        where = np.flatnonzero(np.isclose(sound, 0.1 * (k + 1)))
        assert len(where) == 16_000 * (k + 1)
        assert (track[where[320::640] // 640] == label).all()
    again = continuous(LabelledSpeech("a", sounds, labels, 25), np.random.default_rng(1))
    assert len(again.sounds[0]) != len(sound)


def emotional(subject, labels):
    track = EmotionTrack(np.array(labels), np.ones(len(labels), int))
    found = toy.sequence(44, subject=subject)
    found.signals["emotion"] = track
    return found


def test_sequences_are_put_together_by_subject():
    parts = [emotional("a", [1] * 44), emotional("b", [1] * 44), emotional("a", [3] * 44)]
    first, second = of_sequences(parts)
    assert (first.subject, second.subject) == ("a", "b")
    assert [set(each) for each in first.labels] == [{1}, {3}]
    assert first.fps == 25


def test_one_emotion_alone_or_other_lengths_are_refused():
    with pytest.raises(BadInput, match=r"a, b show one emotion alone \(fear\)"):
        of_sequences([emotional("a", [4] * 44), emotional("b", [4] * 44)])
    with pytest.raises(BadInput, match="it has 40 emotion labels and 44 frames"):
        of_sequences([emotional("a", [4, 5] * 20)])
