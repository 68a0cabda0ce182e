"""Emo-DB's labels as mouth shapes, and its speech in variants."""

import numpy as np
import pytest

from harness.lipsync.visemes import OPENING, bands
from metrics.training.phones import PHONES, Utterance, plain, pool, shape_of, targets, varied

LABELS = "signal a\nnfields 1\n#\n 0.05 -1 m\n 0.10 -1 a\t+nas\n 0.12 -1 \t-sth\n"


@pytest.fixture
def utterance(tmp_path):
    path = tmp_path / "a.lablaut"
    path.write_text(LABELS)
    sound = np.random.default_rng(0).normal(0, 0.1, 2240).astype(np.float32)
    return Utterance("08a01Na", sound, path)


@pytest.mark.parametrize(
    ("label", "before", "shape"),
    [
        ("p", None, "p b m"),
        ("!p", None, "p b m"),
        ("_b", None, "p b m"),
        ("tasp", None, "t d n l"),
        (".", 3, "silence"),
        ("-sth", 9, "ah"),
        ("", 9, "ah"),
        ("aI", None, "ah"),
        ("S", None, "sh"),
        ("6", None, "eh"),
        ("+lar", None, None),
    ],
)
def test_labels_become_mouth_shapes(label, before, shape):
    found = shape_of(label, before)
    assert (None if found is None else list(PHONES)[found]) == shape


def test_shapes_are_those_of_the_network():
    assert list(PHONES) == list(OPENING)


def test_segments_end_where_their_line_says(utterance):
    assert targets(utterance.labels, 14).tolist() == [1] * 5 + [9] * 7 + [-1] * 2


def test_labels_keep_to_a_sound_that_is_faster(utterance):
    assert targets(utterance.labels, 7, 2.0).tolist() == [1] * 2 + [9] * 4 + [-1]


def test_a_pool_has_each_utterance_and_its_variants(utterance):
    first, *others = pool([utterance], 3, seed=0)
    np.testing.assert_array_equal(first[0], bands(utterance.audio))
    np.testing.assert_array_equal(first[1], plain(utterance)[1])
    assert len(others) == 3
    for seen, shapes in others:
        assert seen.shape == (len(shapes), 32)
        assert 14 / 1.2 - 1 <= len(shapes) <= 14 / 0.85
    np.testing.assert_array_equal(pool([utterance], 3, seed=0)[2][0], others[1][0])


def test_a_variant_may_keep_its_speed(utterance):
    seen, shapes = varied(utterance, np.random.default_rng(1), quicken=False)
    np.testing.assert_array_equal(shapes, plain(utterance)[1])
    assert np.abs(seen - plain(utterance)[0]).max() > 0
    assert utterance.held_out
